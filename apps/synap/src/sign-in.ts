import type { Issued } from '@synap/database';

/**
 * The address that signs a person in. The token stands in the fragment, which browsers keep to themselves: it comes into
 * no log of this server or of a proxy before it.
 */
export function signInUrl(origin: string, { token }: Issued): string {
  return `${origin}/sign-in#${token}`;
}
