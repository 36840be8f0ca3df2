import { randomBytes } from 'node:crypto';
import type { AccountRepository } from '@synap/database';
import { KeyScope, type UserId } from '@synap/types';
import type { DataFolder } from './data-folder.ts';

const OWNER_NAME = 'owner';
const KEY_BYTES = 32;

export interface NewOwner {
  readonly userId: UserId;
  readonly apiKey: string;
  /** Whether the key came from SYNAP_OWNER_KEY, and is therefore kept nowhere here. */
  readonly preset: boolean;
}

/**
 * At the first start, makes the owner's account and API key. A generated key is written to the data folder before the
 * database knows it: whenever the process dies, the next start goes on with that key, and nobody is locked out.
 * @returns undefined if the owner has a key already
 */
export async function ensureOwner(
  accounts: AccountRepository,
  folder: DataFolder,
  preset: string | undefined,
): Promise<NewOwner | undefined> {
  const { userId } = (await accounts.owner()) ?? (await accounts.createOwner(OWNER_NAME));
  if ((await accounts.listKeys(userId)).length > 0) return undefined;
  const apiKey =
    preset ?? (await folder.ownerKey()) ?? folder.keepOwnerKey(`synap_${randomBytes(KEY_BYTES).toString('base64url')}`);
  await accounts.createKey({ userId, name: OWNER_NAME, scopes: Object.values(KeyScope), key: apiKey });
  return { userId, apiKey, preset: preset !== undefined };
}
