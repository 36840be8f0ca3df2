import { useQuery, useQueryClient } from '@tanstack/react-query';
import { watchedFetch } from './connection.ts';
import { ApiError, apiErrorOf } from './errors.ts';

export interface Session {
  readonly user: { readonly id: string; readonly name: string | null; readonly role: string };
  readonly expiresAt: string;
}

export const SESSION_KEY = ['session'] as const;
const SESSION_PATH = '/api/session';

/** Who is signed in; null for nobody. @throws {ApiError} */
async function readSession(): Promise<Session | null> {
  const response = await watchedFetch(SESSION_PATH, { headers: { accept: 'application/json' } });
  if (response.status === 401) return null;
  if (!response.ok) throw await apiErrorOf(response);
  return (await response.json()) as Session;
}

/** Turns the token of a sign-in link into a session, once. @throws {ApiError} */
export async function signIn(token: string): Promise<void> {
  const response = await watchedFetch(SESSION_PATH, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  });
  if (!response.ok) throw await apiErrorOf(response);
}

/** @throws {ApiError} */
async function signOut(): Promise<void> {
  const response = await watchedFetch(SESSION_PATH, { method: 'DELETE' });
  if (!response.ok && response.status !== 401) throw await apiErrorOf(response);
}

export function useSession() {
  return useQuery({ queryKey: SESSION_KEY, queryFn: readSession, staleTime: 5 * 60_000 });
}

/** For what is only shown to somebody who is signed in. */
export function useUserId(): string {
  const { data } = useSession();
  if (!data) throw new ApiError(401, 'UNAUTHENTICATED', 'You are not signed in.');
  return data.user.id;
}

/** Signs out and forgets everything that was read. */
export function useSignOut(): () => Promise<void> {
  const queries = useQueryClient();
  return async () => {
    await signOut();
    queries.setQueryData(SESSION_KEY, null);
    queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== SESSION_KEY[0] });
  };
}
