import type { ApiKey } from '@synap/database';
import { KeyScope, SynapError } from '@synap/types';
import { z } from 'zod';
import { administers, router } from '../trpc.ts';
import { date, given } from './input.ts';

function shown({ id, name, prefix, scopes, createdAt, expiresAt, revokedAt }: ApiKey) {
  return { id, name, prefix, scopes, createdAt, expiresAt, revokedAt };
}

export const keys = router({
  /** The only answer that the key is ever in. */
  create: administers
    .input(
      z.object({
        name: z
          .string()
          .trim()
          .regex(/^[^\p{Cc}]{1,100}$/u, 'A name has 1 to 100 characters and no control characters'),
        scopes: z.array(z.enum(KeyScope)).min(1).default([KeyScope.READ, KeyScope.WRITE]),
        expiresAt: date.optional(),
      }),
    )
    .mutation(async ({ ctx, input: { name, scopes, expiresAt } }) => {
      const request = { userId: ctx.userId, name, scopes: [...new Set(scopes)], ...given({ expiresAt }) };
      const { key, apiKey } = await ctx.services.keys.createKey(request);
      return { key, ...shown(apiKey) };
    }),

  list: administers.query(async ({ ctx }) => (await ctx.services.keys.listKeys(ctx.userId)).map(shown)),

  revoke: administers.input(z.object({ id: z.uuid() })).mutation(async ({ ctx, input }) => {
    const revoked = await ctx.services.keys.revokeKey(ctx.userId, input.id);
    ctx.forgetKeys();
    if (!revoked) throw new SynapError('NOT_FOUND', 'There is no such key, or it was revoked before.');
    return { success: true };
  }),
});
