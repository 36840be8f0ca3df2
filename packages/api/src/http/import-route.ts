import { checksumFrom } from '@initiativ/core';
import { LIMITS, SynapError, timestamp, type UserId } from '@synap/types';
import { z } from 'zod';
import type { Imports } from '../import/imports.ts';
import { sourceName } from '../routers/imports.ts';
import { instant } from '../routers/input.ts';
import type { BodyReader } from './body.ts';

const query = z.object({
  source: sourceName,
  path: z.string().max(10_000),
  modifiedAt: instant.transform(timestamp),
  sha256: z
    .string()
    .transform((value, context) => {
      const checksum = checksumFrom(value);
      if (checksum === undefined) context.addIssue('Not a SHA-256 in hex or base64');
      return checksum;
    })
    .optional(),
  from: z.string().max(10_000).optional(),
});

/**
 * One file of an import, its bytes as the body.
 * @throws {ZodError} for parameters that are none; {SynapError} `CONTENT_TOO_LARGE` and what `Imports.file` throws
 */
export async function importResponse(
  imports: Imports,
  bodies: BodyReader,
  userId: UserId,
  request: Request,
): Promise<Response> {
  const file = query.parse(Object.fromEntries(new URL(request.url).searchParams));
  // Refused before it is sent, where the length is told.
  if (Number(request.headers.get('content-length') ?? 0) > LIMITS.contentBytes) {
    throw new SynapError('CONTENT_TOO_LARGE', `Content has at most ${LIMITS.contentBytes / 1024 / 1024} MiB.`, {
      details: { limit: LIMITS.contentBytes },
    });
  }
  const { sha256: checksum, ...rest } = file;
  return bodies.withBytes(request, async (bytes) => {
    return Response.json(await imports.file(userId, { ...rest, checksum, bytes }, {}));
  });
}
