/** An S3 server for tests, with one bucket and one pair of credentials. */
export interface S3Simulator {
  readonly endpoint: string;
  readonly bucketName: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  close(): Promise<void>;
}

/**
 * Starts Cloudflare's own simulator of R2 on a free port of this machine; nothing leaves the machine, and nothing stays
 * after `close`. A package that calls this needs no dependency of its own: miniflare is a devDependency of this one.
 * What it keeps is gone at the end. It differs from R2 in that it does not look at a put's SHA-256.
 */
export async function startS3Simulator(bucketName = 'synap-test'): Promise<S3Simulator> {
  // Imported here, so that the conformance suite can be had without it.
  const { Miniflare } = await import('miniflare');
  const credentials = { accessKeyId: 'simulated-access-key', secretAccessKey: 'simulated-secret-access-key' };
  const miniflare = new Miniflare({
    modules: true,
    script: 'export default { fetch: () => new Response(null, { status: 404 }) };',
    r2Buckets: { BUCKET: { id: bucketName, s3Credentials: credentials } },
    // Without this it asks Cloudflare for a sample of a request's properties.
    cf: false,
  });
  const endpoint = new URL('/cdn-cgi/local/r2/s3', await miniflare.ready).href;
  return { endpoint, bucketName, ...credentials, close: () => miniflare.dispose() };
}
