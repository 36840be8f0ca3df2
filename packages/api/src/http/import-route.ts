import { checksumFrom } from '@initiativ/core';
import { LIMITS, timestamp, type UserId } from '@synap/types';
import { z } from 'zod';
import { isMarkdownPath } from '../import/describe-file.ts';
import type { Imports } from '../import/imports.ts';
import { sourceName } from '../routers/imports.ts';
import { instant } from '../routers/input.ts';
import { type BodyReader, piecesOf } from './body.ts';

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
  /** For bodies whose length no header tells. */
  size: z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .optional(),
  from: z.string().max(10_000).optional(),
});

/**
 * One file of an import, its bytes as the body: Markdown as a whole, anything else as it comes.
 * @throws {ZodError} for parameters that are none; {SynapError} what `Imports.file` throws
 */
export async function importResponse(
  imports: Imports,
  bodies: BodyReader,
  userId: UserId,
  request: Request,
): Promise<Response> {
  const { sha256: checksum, ...file } = query.parse(Object.fromEntries(new URL(request.url).searchParams));
  const length = request.headers.get('content-length');
  const size = file.size ?? (length === null ? undefined : Number(length));
  const take = async (content: Uint8Array | AsyncIterable<Uint8Array>) => {
    return Response.json(await imports.file(userId, { ...file, size, checksum, content }, {}));
  };
  const isNote = isMarkdownPath(file.path) && (size ?? 0) <= LIMITS.contentBytes;
  return isNote ? bodies.withBytes(request, take) : take(piecesOf(request));
}
