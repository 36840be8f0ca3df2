import type { IStorage } from '@initiativ/core';
import { FileType, type UserId } from '@synap/types';
import { z } from 'zod';
import { entityAt, given, version } from '../routers/input.ts';
import { extensionOf, mimeOf } from '../storage/content.ts';

const query = z.object({
  version: z
    .stringFormat('number', /^\d{1,10}$/)
    .transform(Number)
    .pipe(version)
    .optional(),
  at: z.string().optional(),
});

/**
 * The raw bytes of an entity's content. It is what somebody wrote or uploaded, so a browser is told to run nothing of it.
 * @throws {ZodError} for parameters that are none, and what `IStorage.getEntityBytes` throws
 */
export async function contentResponse(
  storage: IStorage,
  userId: UserId,
  entity: string,
  request: Request,
): Promise<Response> {
  const parameters = query.parse(Object.fromEntries(new URL(request.url).searchParams));
  const { id, ...when } = entityAt.parse({ id: entity, ...parameters });
  const content = await storage.getEntityBytes(id, userId, given(when));
  const { checksum, fileType } = content.entity;
  const headers = new Headers({
    'Content-Type': mimeOf(fileType),
    'Content-Disposition':
      fileType === null || fileType === FileType.MARKDOWN
        ? 'inline'
        : `attachment; filename="${id}.${extensionOf(fileType)}"`,
    'Content-Security-Policy': 'sandbox',
    'X-Content-Type-Options': 'nosniff',
    // It may be kept, but each time we are asked whether it is still theirs to see.
    'Cache-Control': 'private, no-cache',
    'Synap-Version': String(content.entity.version),
  });
  if (checksum !== null) {
    const tag = `"${checksum}"`;
    headers.set('ETag', tag);
    if (request.headers.get('if-none-match')?.split(/, */).includes(tag)) {
      return new Response(null, { status: 304, headers });
    }
  }
  headers.set('Content-Length', String(content.bytes.length));
  return new Response(Buffer.from(content.bytes), { headers });
}
