import { basename } from 'node:path';
import { Readable } from 'node:stream';
import { type ObjectStorage, verifySignedUrl } from '@synap/storage';

/**
 * Serves the signed addresses of the `fs` driver. What people stored may be anything, so a browser is told to keep it,
 * not to show it, and to run nothing of it.
 * @throws {SynapError} `UNAUTHENTICATED` for an address that is not ours or has expired, and what `ObjectStorage` throws
 */
export async function serveFile(request: Request, objects: ObjectStorage, secret: string): Promise<Response> {
  const key = verifySignedUrl(request.url, { secret, method: request.method });
  const { size, contentType } = await objects.getMetadata(key);
  const headers = {
    'content-type': contentType,
    'content-length': String(size),
    'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(basename(key))}`,
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    // The address is a credential until it expires; nobody on the way shall keep what it gives.
    'cache-control': 'private, no-store',
  };
  if (request.method === 'HEAD') return new Response(null, { headers });
  const chunks = await objects.downloadStream(key);
  return new Response(Readable.toWeb(Readable.from(chunks)) as ReadableStream, { headers });
}
