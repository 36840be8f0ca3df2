import type { IStorage } from '@initiativ/core';
import type { UserId } from '@synap/types';
import { z } from 'zod';
import { fileNameOf } from '../files/serving.ts';
import { entityAt, given, version } from '../routers/input.ts';
import { serveContent } from './serve-content.ts';

const query = z.object({
  version: z
    .stringFormat('number', /^\d{1,10}$/)
    .transform(Number)
    .pipe(version)
    .optional(),
  at: z.string().optional(),
});

/**
 * The raw bytes of an entity's content, whole or in part.
 * @throws {ZodError} for parameters that are none, and what `IStorage.openEntityContent` throws
 */
export async function contentResponse(
  storage: IStorage,
  userId: UserId,
  entity: string,
  request: Request,
  onFailure: (error: unknown) => void,
): Promise<Response> {
  const parameters = query.parse(Object.fromEntries(new URL(request.url).searchParams));
  const { id, ...when } = entityAt.parse({ id: entity, ...parameters });
  const source = await storage.openEntityContent(id, userId, given(when));
  const { title, path, fileSize, checksum, version } = source.entity;
  const key = source.key ?? 'none.md';
  return serveContent(
    request,
    {
      key,
      fileName: fileNameOf(title ?? path, key),
      size: fileSize ?? 0,
      checksum,
      headers: {
        // It may be kept, but each time we are asked whether it is still theirs to see.
        'Cache-Control': 'private, no-cache',
        'Synap-Version': String(version),
      },
      open: (range) => source.open(range),
    },
    onFailure,
  );
}
