import { SynapError, type UserId } from '@synap/types';
import { z } from 'zod';
import type { Uploads } from '../files/uploads.ts';
import { piecesOf } from './body.ts';

const uploadId = z.uuid().toLowerCase();

/**
 * Takes the bytes of an upload as they come, none of them kept in memory. Answers 204 when they are durable.
 * @throws {SynapError} as `Uploads.receive`; `VALIDATION_FAILED` if the request ends before its body does
 */
export async function uploadResponse(
  uploads: Uploads,
  userId: UserId,
  id: string,
  request: Request,
): Promise<Response> {
  const parsed = uploadId.safeParse(id);
  if (!parsed.success) throw new SynapError('NOT_FOUND', 'There is no such upload.');
  const length = request.headers.get('content-length');
  await uploads.receive(userId, parsed.data, piecesOf(request), length === null ? undefined : Number(length));
  return new Response(null, { status: 204 });
}
