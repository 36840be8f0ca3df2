import type { Command } from 'commander';
import { request } from '../client/http.ts';
import { type CommonOptions, describe, outputOf, targetOf } from './context.ts';

export function signOutCommand(program: Command): void {
  describe(program.command('sign-out'), 'End all sessions of yours, in every browser.', [
    'sign-out',
    'sign-out --json',
  ]).action(signOut);
}

async function signOut(options: CommonOptions): Promise<void> {
  const output = outputOf(options);
  const target = await targetOf(options);
  await request(target, '/api/session?all=true', { method: 'DELETE' });
  output.item({ success: true });
  output.line('Signed out everywhere. API keys are not touched: see "synap keys".');
}
