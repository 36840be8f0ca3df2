import { LIMITS } from '@synap/types';
import { z } from 'zod';
import { reads, router, writes } from '../trpc.ts';
import { given, instant } from './input.ts';

/** The name of a folder or archive, as its user gives it. */
export const sourceName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .refine((name) => name.isWellFormed() && !/\p{Cc}/u.test(name), 'A source is a name without control characters')
  .transform((name) => name.normalize('NFC'));

const listed = z.object({
  path: z.string().max(10_000),
  size: z.int().nonnegative(),
  sha256: z.string().max(100),
  modifiedAt: instant,
});

/** A path: where the page before ended. */
const after = z.string().max(10_000).optional();
const pages = { source: sourceName, cursor: after, limit: z.int().min(1).max(LIMITS.idsPerBatch).optional() };

export const imports = router({
  known: reads
    .input(z.object(pages))
    .query(({ ctx, input: { source, ...query } }) => ctx.imports.known(ctx.userId, source, given(query))),

  // Reads only; a mutation because a list of files is too long for an address.
  plan: reads
    .input(
      z.object({
        source: sourceName,
        files: z.array(listed).max(LIMITS.idsPerBatch),
        complete: z.boolean().default(false),
      }),
    )
    .mutation(async ({ ctx, input: { source, files, complete } }) => {
      return { items: await ctx.imports.plan(ctx.userId, source, files, complete) };
    }),

  finish: writes
    .input(z.object(pages))
    .mutation(({ ctx, input: { source, ...query } }) =>
      ctx.imports.finish(ctx.userId, source, given(query), ctx.write),
    ),
});
