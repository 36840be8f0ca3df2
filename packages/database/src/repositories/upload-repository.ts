import { type Checksum, type EntityId, type FileType, type StorageKey, SynapError, type UserId } from '@synap/types';
import type { Database, Row, Statement } from '../connection/port.ts';
import type { NewUpload, StoredUpload, Upload, UploadStore } from './port.ts';

/** How long a row stays after its upload has expired, so that a late client is told so rather than that it never was. */
const KEEP_EXPIRED = `interval '7 days'`;

const COLUMNS = `id, user_id, entity_id, name, content_type, size, checksum, object_key, file_type, preview, input_hash,
  expires_at <= now() AS expired`;

/** Uploads under way. Both the statements and the database's row security keep users apart. */
export class UploadRepository implements UploadStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async open(upload: NewUpload): Promise<Upload> {
    const { id, userId, entityId, name, contentType, size, checksum, lifetime, idempotency } = upload;
    const key = idempotency?.key ?? null;
    const inputHash = idempotency?.inputHash ?? null;
    const [, , , [row] = []] = await this.#write(userId, [
      {
        sql: `DELETE FROM uploads WHERE user_id = $1 AND expires_at < now() - ${KEEP_EXPIRED}`,
        params: [userId],
      },
      {
        // One that has expired is no answer to anybody: its key is free for a new upload. It stays, to be told of.
        sql: 'UPDATE uploads SET idempotency_key = NULL WHERE user_id = $1 AND idempotency_key = $2 AND expires_at <= now()',
        params: [userId, key],
      },
      {
        sql: `INSERT INTO uploads (id, user_id, entity_id, name, content_type, size, checksum, expires_at,
                idempotency_key, input_hash)
              VALUES ($1, $2, $3, $4, $5, $6, $7, now() + make_interval(secs => $8), $9, $10)
              ON CONFLICT (user_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING`,
        params: [id, userId, entityId, name, contentType, size, checksum, lifetime, key, inputHash],
      },
      {
        sql: `SELECT ${COLUMNS} FROM uploads WHERE user_id = $1 AND (id = $2 OR idempotency_key = $3)`,
        params: [userId, id, key],
      },
    ]);
    if (!row) throw new SynapError('INTERNAL', 'An upload was announced and is not there.');
    if (inputHash && Buffer.compare(row.input_hash as Uint8Array, inputHash) !== 0) {
      throw new SynapError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used before with another input.');
    }
    return uploadOf(row);
  }

  async get(userId: UserId, id: string): Promise<Upload | null> {
    const [[row] = []] = await this.#database.transaction({ role: 'app', userId }, [
      { sql: `SELECT ${COLUMNS} FROM uploads WHERE user_id = $1 AND id = $2`, params: [userId, id] },
    ]);
    return row ? uploadOf(row) : null;
  }

  async markStored(userId: UserId, id: string, { key, fileType, preview }: StoredUpload): Promise<boolean> {
    const [[row] = []] = await this.#write(userId, [
      {
        sql: `UPDATE uploads SET state = 'stored', object_key = $3, file_type = $4, preview = $5
              WHERE user_id = $1 AND id = $2 AND state = 'announced' AND expires_at > now() RETURNING id`,
        params: [userId, id, key, fileType, preview],
      },
    ]);
    return row !== undefined;
  }

  #write(userId: UserId, statements: readonly Statement[]): Promise<Row[][]> {
    return this.#database.transaction({ role: 'app', userId, writes: true }, statements);
  }
}

function uploadOf(row: Row): Upload {
  return {
    id: String(row.id),
    userId: row.user_id as UserId,
    entityId: row.entity_id as EntityId,
    name: String(row.name),
    contentType: String(row.content_type),
    size: Number(row.size),
    checksum: row.checksum as Checksum,
    expired: row.expired === true,
    stored:
      row.object_key === null
        ? null
        : { key: row.object_key as StorageKey, fileType: row.file_type as FileType, preview: String(row.preview) },
  };
}
