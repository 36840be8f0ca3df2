import { type Checksum, type EntityId, EventType, type JsonObject, type StorageKey, type UserId } from '@synap/types';
import type { Database } from '../connection/port.ts';
import { readLog, readLogHead } from './log.sql.ts';

/** An object that some version of an entity stands on. */
export interface ContentReference {
  readonly userId: UserId;
  readonly entityId: EntityId;
  readonly version: number;
  readonly key: StorageKey;
  readonly checksum: Checksum;
  /** Bytes. */
  readonly size: number;
}

/**
 * Every object that an event of any user wrote, once each, in the order of the log: the log and not the projections says
 * what content there must be.
 */
export async function* contentReferences(database: Database): AsyncGenerator<ContentReference> {
  const { position } = await readLogHead(database);
  for await (const rows of readLog(database, position)) {
    for (const row of rows) {
      const { key } = row.data as JsonObject;
      const fields = row.fields as JsonObject | null;
      // A restored version names an object that an earlier event wrote.
      if (typeof key !== 'string' || fields === null || row.event_type === EventType.ENTITY_RESTORED) continue;
      yield {
        userId: row.user_id as UserId,
        entityId: row.aggregate_id as EntityId,
        version: Number(row.version),
        key: key as StorageKey,
        checksum: fields.checksum as Checksum,
        size: Number(fields.size),
      };
    }
  }
}
