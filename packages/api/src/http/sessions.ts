import type { Issued, Session, SessionRepository } from '@synap/database';
import { KeyScope, type UserId } from '@synap/types';
import type { AuthContext, Logger } from '../context.ts';
import { synapErrorOf } from '../errors.ts';
import { Authenticator, type AuthenticatorOptions } from './authenticator.ts';

export const SESSION_COOKIE = 'synap_session';

export type SessionStore = Pick<SessionRepository, 'signIn' | 'find' | 'refresh' | 'end' | 'endAll'>;

/**
 * Who sits at the page may do all that the account may: a session is its owner in person, at most a week old and out of
 * reach of scripts. Only the owner of this Synap administers it.
 */
const SCOPES: Readonly<Record<Session['account']['role'], readonly KeyScope[]>> = {
  owner: [KeyScope.READ, KeyScope.WRITE, KeyScope.ADMIN],
  user: [KeyScope.READ, KeyScope.WRITE],
};

/** Knows who is behind a session cookie. */
export class Sessions {
  readonly #store: SessionStore;
  readonly #logger: Logger;
  readonly #remembered: Authenticator;

  constructor(store: SessionStore, logger: Logger, options?: AuthenticatorOptions) {
    this.#store = store;
    this.#logger = logger;
    this.#remembered = new Authenticator((token) => this.#ask(token), options);
  }

  /** Whose session this is; null for none that is good. */
  identify(token: string): Promise<AuthContext | null> {
    return this.#remembered.find(token);
  }

  /** @throws {SynapError} `SIGN_IN_LINK_INVALID` */
  signIn(link: string, userAgent: string | null): Promise<Issued & { readonly session: Session }> {
    return this.#store.signIn(link, userAgent);
  }

  /** Ends a session: at once in this process, in others as soon as they have forgotten it. */
  async end(token: string): Promise<void> {
    await this.#store.end(token);
    this.#remembered.forget(token);
  }

  /** The same for all sessions of a user. */
  async endAll(userId: UserId): Promise<void> {
    await this.#store.endAll(userId);
    this.#remembered.clear();
  }

  async #ask(token: string): Promise<AuthContext | null> {
    const found = await this.#store.find(token);
    if (!found) return null;
    const renewed = await this.#refreshed(token, found);
    const { account, expiresAt } = renewed ?? found;
    const { userId, name, role } = account;
    return { userId, scopes: SCOPES[role], expiresAt, session: { name, role, renewed: renewed !== null } };
  }

  /** A session goes on without: it only ends sooner. */
  async #refreshed(token: string, session: Session): Promise<Session | null> {
    try {
      return await this.#store.refresh(token, session);
    } catch (error) {
      this.#logger.warn({ err: synapErrorOf(error) }, 'a session could not be refreshed');
      return null;
    }
  }
}

/**
 * The session's token among the cookies of a request. Several different ones are none: they come from other servers of
 * this host, and which of them is ours cannot be told.
 */
export function sessionToken(request: Request): string | undefined {
  const values = new Set<string>();
  for (const cookie of (request.headers.get('cookie') ?? '').split(';')) {
    const [name, value = ''] = cookie.trim().split('=', 2);
    if (name === SESSION_COOKIE && value !== '') values.add(value);
  }
  const [value] = values;
  return values.size === 1 ? value : undefined;
}
