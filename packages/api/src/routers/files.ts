import { checksumOfSha256 } from '@synap/types';
import { z } from 'zod';
import { reads, router, writes } from '../trpc.ts';
import { entityRef, given, retryable, version } from './input.ts';

export const files = router({
  createUpload: writes
    .input(
      z.object({
        name: z.string(),
        contentType: z
          .string()
          .max(255)
          // It comes back as a header.
          .regex(/^[\x20-\x7e]*$/, 'A content type is printable ASCII'),
        size: z.int().min(0),
        sha256: z.string().transform(checksumOfSha256),
        ...retryable,
      }),
    )
    .mutation(({ ctx, input: { sha256: checksum, idempotencyKey, ...file } }) => {
      return ctx.services.uploads.announce(ctx.userId, { ...file, checksum }, idempotencyKey);
    }),

  complete: writes.input(z.object({ uploadId: z.uuid().toLowerCase() })).mutation(({ ctx, input }) => {
    return ctx.services.uploads.complete(ctx.userId, input.uploadId, ctx.write);
  }),

  url: reads
    .input(
      z.object({ id: entityRef, version: version.optional(), expiresIn: z.int().min(1).max(604_800).default(3_600) }),
    )
    .query(({ ctx, input: { id, ...options } }) => ctx.storage.getEntityUrl(id, ctx.userId, given(options))),
});
