import { hash } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { getMimeType } from 'hono/utils/mime';

/** Where the build of apps/web lies. */
export const WEB_FOLDER = fileURLToPath(new URL('../../web/dist/', import.meta.url));

const INDEX = '/index.html';
/** Names in this folder have a hash of the content in them. */
const HASHED = /^\/assets\//;
/** The addresses that the page itself routes; whatever else there is not is not found. */
const PAGE = /^\/(notes\/[^/]+|search|tags(\/[^/]+)?|import|sign-in)?$/;
const COMPRESSIBLE = /^(text\/|image\/svg|application\/(json|javascript|manifest|wasm))/;
/** Bytes; less is not worth it. */
const WORTH_COMPRESSING = 1_024;
/** Nearly as small as the best, in a tenth of the time. */
const BROTLI_QUALITY = 9;
const MAX_TRIES = 5;

/** Nothing runs, loads or is sent anywhere but what this server serves, and nobody frames it. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "font-src 'self'",
  "media-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const ENCODINGS = {
  br: (bytes: Buffer) =>
    promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
} as const;
type Encoding = keyof typeof ENCODINGS;

interface Asset {
  readonly bytes: Buffer;
  readonly type: string;
  readonly tag: string;
  /** Made when it is first asked for. */
  readonly compressed: Map<Encoding, Promise<Buffer>>;
}

/**
 * The built page, in memory: a name is either one of its files or none, so no spelling of a path leads anywhere else, and
 * a build that comes while the server runs does not mix with this one.
 */
export class WebApp {
  readonly #assets: ReadonlyMap<string, Asset>;

  private constructor(assets: ReadonlyMap<string, Asset>) {
    this.#assets = assets;
  }

  /** Undefined if it was not built. */
  static async load(folder: string): Promise<WebApp | undefined> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await WebApp.#read(folder);
      } catch (error) {
        // Another start has put a new build in its place meanwhile.
        if (!isMissing(error) || attempt === MAX_TRIES) throw error;
      }
    }
  }

  static async #read(folder: string): Promise<WebApp | undefined> {
    const assets = new Map<string, Asset>();
    for (const file of await filesOf(folder)) {
      const path = join(file.parentPath, file.name);
      const bytes = await readFile(path);
      assets.set(`/${relative(folder, path).replaceAll(sep, '/')}`, {
        bytes,
        type: getMimeType(path) ?? 'application/octet-stream',
        tag: hash('sha256', bytes, 'base64url').slice(0, 27),
        compressed: new Map(),
      });
    }
    return assets.has(INDEX) ? new WebApp(assets) : undefined;
  }

  /** The answer to a GET, or undefined if the page has nothing at this address. */
  async respond(request: Request): Promise<Response | undefined> {
    const path = isPageRequest(request) ? INDEX : new URL(request.url).pathname;
    const asset = this.#assets.get(path);
    if (!asset) return undefined;

    const encoding = encodingOf(request, asset);
    const headers = new Headers({
      'Content-Type': asset.type,
      'Cache-Control': HASHED.test(path) ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: `"${asset.tag}${encoding === undefined ? '' : `-${encoding}`}"`,
      Vary: 'Accept-Encoding',
    });
    if (asset.type.startsWith('text/html')) headers.set('Content-Security-Policy', CONTENT_SECURITY_POLICY);
    if (encoding !== undefined) headers.set('Content-Encoding', encoding);
    if (knows(request, asset)) return new Response(null, { status: 304, headers });

    const body = encoding === undefined ? asset.bytes : await compressed(asset, encoding);
    headers.set('Content-Length', String(body.length));
    return new Response(new Uint8Array(body), { headers });
  }
}

/** Whether a browser asks for the page, to be shown at this address. */
export function isPageRequest({ url, headers }: Request): boolean {
  return PAGE.test(new URL(url).pathname) && /text\/html|\*\/\*/i.test(headers.get('accept') ?? '*/*');
}

/** Regular files only, none of them hidden; none at all if there is no such folder. */
async function filesOf(folder: string): Promise<Dirent[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'));
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function encodingOf(request: Request, { type, bytes }: Asset): Encoding | undefined {
  if (!COMPRESSIBLE.test(type) || bytes.length < WORTH_COMPRESSING) return undefined;
  const accepted = (request.headers.get('accept-encoding') ?? '')
    .split(',')
    .filter((one) => !/;\s*q=0(\.0*)?\s*$/.test(one))
    .map((one) => one.split(';', 1)[0]?.trim().toLowerCase());
  return (['br', 'gzip'] as const).find((encoding) => accepted.includes(encoding));
}

function compressed(asset: Asset, encoding: Encoding): Promise<Buffer> {
  const known = asset.compressed.get(encoding);
  if (known) return known;
  const made = ENCODINGS[encoding](asset.bytes);
  asset.compressed.set(encoding, made);
  return made;
}

/** Whether the browser has this very content, in whatever encoding. */
function knows(request: Request, { tag }: Asset): boolean {
  const tags = request.headers.get('if-none-match')?.split(',') ?? [];
  return tags.some((one) => /^\s*(?:W\/)?"([\w-]{27})(?:-br|-gzip)?"\s*$/.exec(one)?.[1] === tag);
}
