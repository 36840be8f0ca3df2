import { type Database, migrate, openDatabase } from '@synap/database';
import { FsStorage, type ObjectStorage, R2Storage } from '@synap/storage';
import type { Config, S3Config } from './config.ts';
import { DataFolder } from './data-folder.ts';

/** The database and the content, opened. */
export interface Stores {
  readonly database: Database;
  readonly objects: ObjectStorage;
  /** Signs the addresses of files that this server serves itself. */
  readonly secret: string;
  /** Where this server is reached, as soon as that is known. */
  setBaseUrl(url: string): void;
  /** Lets go of both, also if one of them fails. */
  close(): Promise<void>;
}

export interface StoresOptions {
  /** Whether to bring the schema up to date. Default true; a mere look at a server leaves it alone. */
  readonly migrate?: boolean;
}

/**
 * Opens what the configuration names, one after the other, and closes what was opened if the next one fails.
 * @throws {SynapError} `DATA_FOLDER_LOCKED`, `CONFIGURATION_INVALID`, `DATABASE_UNAVAILABLE`, `STORAGE_UNAVAILABLE`, …
 */
export async function openStores(config: Config, options: StoresOptions = {}): Promise<Stores> {
  const folder = new DataFolder(config.data);
  await folder.prepare();
  const secret = config.secret ?? (await folder.secret());
  const database = await openDatabase({
    folder: folder.path,
    ...(config.databaseUrl !== undefined && { url: config.databaseUrl }),
  });
  try {
    if (options.migrate !== false) await migrate(database);
    let baseUrl = '';
    const objects = config.s3
      ? r2Storage(config.s3)
      : await FsStorage.open({ root: folder.objects, signingSecret: secret, baseUrl: () => baseUrl });
    return {
      database,
      objects,
      secret,
      setBaseUrl: (url) => {
        baseUrl = url;
      },
      close: () => closeBoth(objects, database),
    };
  } catch (error) {
    await database.close();
    throw error;
  }
}

function r2Storage(s3: S3Config): ObjectStorage {
  const { bucket: bucketName, publicUrl: _unused, ...options } = s3;
  return new R2Storage({ ...options, bucketName });
}

async function closeBoth(objects: ObjectStorage, database: Database): Promise<void> {
  const results = await Promise.allSettled([objects.close(), database.close()]);
  const failure = results.find((result) => result.status === 'rejected');
  if (failure) throw failure.reason;
}
