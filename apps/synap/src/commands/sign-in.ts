import type { Command } from 'commander';
import { z } from 'zod';
import { request } from '../client/http.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

const linkSchema = z.object({ url: z.url(), expiresAt: z.iso.datetime() });

export function signInCommand(program: Command): void {
  describe(program.command('sign-in'), 'Print a link that signs the owner in, once and within ten minutes.', [
    'sign-in',
    'sign-in --json',
  ]).action(signIn);
}

async function signIn(options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  const response = await request(target, '/api/v1/admin/sign-in-link', { method: 'POST' });
  const link = linkSchema.parse(await response.json());
  output.item(link);
  output.line(link.url);
  if (!output.json) output.note('Open it in a browser. It works once, within ten minutes.');
}
