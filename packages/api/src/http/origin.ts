import { SynapError } from '@synap/types';

const SAFE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOOPBACK = /^(localhost|[a-z0-9.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;

export interface OriginOptions {
  /** Where browsers reach this server, if not by the host they name: behind a proxy, say. */
  readonly publicUrl?: string;
  /**
   * Whether the server can be reached from its own machine alone. A browser there that names any other host was sent by
   * somebody who made that name lead here (DNS rebinding).
   */
  readonly loopbackOnly?: boolean;
}

/** Tells our own page's requests from those that another site makes a browser send. */
export class OriginGuard {
  readonly #publicUrl: URL | undefined;
  readonly #loopbackOnly: boolean;

  constructor({ publicUrl, loopbackOnly = false }: OriginOptions) {
    this.#publicUrl = publicUrl === undefined ? undefined : new URL(publicUrl);
    this.#loopbackOnly = loopbackOnly;
  }

  /** @throws {SynapError} `UNKNOWN_HOST` */
  requireKnownHost(request: Request): void {
    const { hostname } = new URL(request.url);
    if (!this.#loopbackOnly || LOOPBACK.test(hostname) || hostname === this.#publicUrl?.hostname) return;
    throw new SynapError(
      'UNKNOWN_HOST',
      'This Synap serves its own machine under localhost. If it is meant to be reached by this name, set SYNAP_PUBLIC_URL.',
    );
  }

  /**
   * Whether a request may count on a cookie, which browsers send along whoever made them ask. SameSite is not enough:
   * all ports of one host are one site.
   * @throws {SynapError} `CROSS_ORIGIN`
   */
  requireOwnPage(request: Request): void {
    const { method, headers } = request;
    if (SAFE.has(method) ? mayRead(headers) : this.#isOwnPage(request)) return;
    throw new SynapError('CROSS_ORIGIN', 'Only the page of this Synap may do this with a cookie. Programs send a key.');
  }

  /**
   * Like `requireOwnPage`, for what needs no cookie: what is no browser says nothing of where it comes from.
   * @throws {SynapError} `CROSS_ORIGIN`
   */
  refuseOtherPages(request: Request): void {
    const { headers } = request;
    if (headers.has('origin') || headers.has('sec-fetch-site')) this.requireOwnPage(request);
  }

  /** Browsers say the former only where they trust the way to the server; over plain HTTP only the latter. */
  #isOwnPage({ headers, url }: Request): boolean {
    const site = headers.get('sec-fetch-site');
    if (site !== null) return site === 'same-origin';
    const origin = headers.get('origin') ?? '';
    if (!URL.canParse(origin)) return false;
    // By host alone: behind a proxy with TLS the scheme is another than the one we see.
    return new URL(origin).host === new URL(url).host || new URL(origin).origin === this.#publicUrl?.origin;
  }
}

/** Another site may lead people here, and not have its page fetch or embed what is ours. */
function mayRead(headers: Headers): boolean {
  const site = headers.get('sec-fetch-site');
  if (site === null || site === 'same-origin' || site === 'none') return true;
  return headers.get('sec-fetch-mode') === 'navigate' && headers.get('sec-fetch-dest') === 'document';
}
