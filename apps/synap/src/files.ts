import { fileNameOf, serveContent } from '@synap/api';
import { type ObjectStorage, verifySignedUrl } from '@synap/storage';

/**
 * Serves the signed addresses of the `fs` driver, as the API serves content: whole or in part, and with nothing of it run.
 * @param onFailure told when sending fails after the headers are out
 * @throws {SynapError} `UNAUTHENTICATED` for an address that is not ours or has expired, and what `ObjectStorage` throws
 */
export async function serveFile(
  request: Request,
  objects: ObjectStorage,
  secret: string,
  onFailure: (error: unknown) => void,
): Promise<Response> {
  const { key, checksum, contentDisposition } = verifySignedUrl(request.url, { secret, method: request.method });
  const { size } = await objects.getMetadata(key);
  return serveContent(
    request,
    {
      key,
      fileName: fileNameOf(null, key),
      size,
      checksum: checksum ?? null,
      headers: {
        // Signed, so it is we who said so.
        ...(contentDisposition !== undefined && { 'Content-Disposition': contentDisposition }),
        // The address is a credential until it expires; nobody on the way shall keep what it gives.
        'Cache-Control': 'private, no-store',
      },
      open: (range) => objects.downloadStream(key, range ? { range } : { ...(checksum && { checksum }) }),
    },
    onFailure,
  );
}
