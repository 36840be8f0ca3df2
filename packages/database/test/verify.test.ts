import { type EntityId, EventType, newEntityId } from '@synap/types';
import { beforeAll, describe, expect, it } from 'vitest';
import { PostgresDatabase, rebuildProjections, verifyProjections } from '../src/index.ts';
import { entityEvent, noteCreated, related, task, taskCreated, titled } from './support/events.ts';
import { asOwner, failure, findings, useLibrary } from './support/library.ts';

const library = useLibrary();
let note: EntityId;
let other: EntityId;

beforeAll(async () => {
  const { alice, bob, events } = library;
  note = newEntityId();
  other = newEntityId();
  await events.append(noteCreated(alice, note, { tags: ['x', 'y'] }));
  await events.append(taskCreated(alice, other, { tags: ['x'] }));
  await events.append(titled(alice, note, 'Another title', 1));
  await events.append(
    entityEvent(alice, other, EventType.TASK_STATUS_CHANGED, 1, { data: { task: task('in_progress') } }),
  );
  await events.append(related(alice, note, other));
  await events.append(noteCreated(bob));
});

/** Runs `plant` in a transaction of the database's owner, looks, and puts things back. */
async function planted(plant: string, restore: string): Promise<string[]> {
  await asOwner(library.database, plant);
  try {
    return (await findings(library.database)).map((finding) => finding.code);
  } finally {
    await asOwner(library.database, restore);
  }
}

/** Plants a fault in the rows of a table that `where` names, and puts the table back as it was. */
async function altered(table: string, change: string): Promise<string[]> {
  await asOwner(library.database, `CREATE TABLE synap.kept AS SELECT * FROM ${table}`);
  const restored = `DELETE FROM ${table}; INSERT INTO ${table} SELECT * FROM synap.kept; DROP TABLE synap.kept`;
  return planted(change, restored);
}

describe('verify', () => {
  it('finds nothing in a library that nobody touched', async () => {
    expect(await findings(library.database)).toEqual([]);
  });

  it.each([
    [
      'the data of an event',
      `UPDATE events SET data = data || '{"fileType":"pdf"}' WHERE position = 1`,
      'EVENT_ALTERED',
    ],
    ['its metadata', `UPDATE events SET metadata = '{"a":1}' WHERE position = 1`, 'EVENT_ALTERED'],
    ['its user', `UPDATE events SET user_id = 'mallory' WHERE position = 2`, 'EVENT_ALTERED'],
    ['its shown time', `UPDATE events SET timestamp = timestamp - interval '1 day' WHERE position = 2`, 'CHAIN_BROKEN'],
    ['its chain', `UPDATE events SET chain = sha256(chain) WHERE position = 3`, 'CHAIN_BROKEN'],
    ['its hash', `UPDATE events SET event_hash = sha256(event_hash) WHERE position = 3`, 'EVENT_ALTERED'],
    ['its version', `UPDATE events SET version = 3 WHERE position = 3`, 'VERSION_GAP'],
    ['the log, which lacks an event', `DELETE FROM events WHERE position = 3`, 'EVENT_MISSING'],
    ['the log, which lacks its last event', `DELETE FROM events WHERE position = 6`, 'EVENT_MISSING'],
  ])('finds a change of %s', async (_, change, code) => {
    expect(await altered('events', change)).toContain(code);
  });

  it.each([
    [
      'altered',
      `UPDATE event_private SET fields = jsonb_set(fields, '{title}', '"Forged"') WHERE position = 1`,
      'PRIVATE_FIELD_ALTERED',
    ],
    [
      'added',
      `UPDATE event_private SET fields = fields || '{"color":"red"}' WHERE position = 1`,
      'PRIVATE_FIELD_ALTERED',
    ],
    ['removed', `UPDATE event_private SET fields = fields - 'size' WHERE position = 1`, 'PRIVATE_FIELD_ALTERED'],
    ['gone with its row', `DELETE FROM event_private WHERE position = 1`, 'PRIVATE_FIELDS_MISSING'],
  ])('finds a private field that was %s', async (_, change, code) => {
    expect(await altered('event_private', change)).toContain(code);
  });

  it('finds a head of a stream that its events do not bear out', async () => {
    expect(
      await altered('event_streams', 'UPDATE event_streams SET version = version + 1 WHERE version = 1'),
    ).toContain('STREAM_HEAD_WRONG');
  });

  it.each([
    ['entities', `UPDATE entities SET title = 'Forged' WHERE title = 'Another title'`, 'ROW_ALTERED'],
    ['entities', `UPDATE entities SET deleted_at = now() WHERE type = 'task'`, 'ROW_ALTERED'],
    ['entities', `DELETE FROM entities WHERE type = 'task'`, 'ROW_MISSING'],
    ['entity_history', `UPDATE entity_history SET title = 'Forged' WHERE type = 'note'`, 'ROW_ALTERED'],
    ['entity_history', `DELETE FROM entity_history WHERE type = 'note'`, 'ROW_MISSING'],
    ['task_details', `UPDATE task_details SET status = 'done'`, 'ROW_ALTERED'],
    ['tags', `UPDATE tags SET name = 'forged' WHERE name = 'y'`, 'ROW_ALTERED'],
    ['entity_tags', `DELETE FROM entity_tags WHERE tag_id = (SELECT id FROM tags WHERE name = 'y')`, 'ROW_MISSING'],
    ['relations', `UPDATE relations SET type = 'blocks'`, 'ROW_ALTERED'],
    [
      'relations',
      `INSERT INTO relations SELECT '00000000-0000-7000-8000-000000000000', user_id, source_entity_id, target_entity_id,
       type, position, created_at FROM relations`,
      'ROW_EXTRA',
    ],
  ])('finds a change of %s: %s', async (table, change, code) => {
    expect(await altered(table, change)).toContain(code);
  });

  it('says where the fault is', async () => {
    await asOwner(library.database, `UPDATE entities SET title = 'Forged' WHERE id = '${note}'`);
    const found = await findings(library.database);
    expect(found).toEqual([expect.objectContaining({ check: 'projections', code: 'ROW_ALTERED', aggregateId: note })]);
    expect(found[0]?.message).toContain('title');
    await rebuildProjections(library.database);
    expect(await findings(library.database)).toEqual([]);
  });
});

describe('rebuild', () => {
  const dump = () =>
    asOwner(
      library.database,
      `SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text AS acl,
              (SELECT json_agg(json_build_object('n', polname, 'r', polroles::regrole[]::text, 'c', polcmd) ORDER BY polname)
               FROM pg_policy WHERE polrelid = c.oid) AS policies,
              (SELECT json_agg(pg_get_indexdef(indexrelid) ORDER BY 1) FROM (
                 SELECT indexrelid FROM pg_index WHERE indrelid = c.oid ORDER BY indexrelid::regclass::text) i) AS indexes
       FROM pg_class c WHERE c.relnamespace = 'synap'::regnamespace AND c.relkind IN ('r', 'v', 'p') ORDER BY c.relname`,
    );

  it('keeps policies, grants and indexes', async () => {
    const before = await dump();
    await rebuildProjections(library.database);
    expect(await dump()).toEqual(before);
  });

  it('makes good what was changed and replaces what a rebuild left that was cut off', async () => {
    await asOwner(library.database, `UPDATE entities SET title = 'Forged'`);
    await asOwner(library.database, 'CREATE TABLE synap_rebuild.entities (id uuid)');
    await rebuildProjections(library.database);
    expect(await findings(library.database)).toEqual([]);
    expect((await library.entities.get(library.alice, note))?.entity.title).toBe('Another title');
  });

  it('is one at a time, with verify, also from another process', async () => {
    const { url } = library.test;
    const other = url ? new PostgresDatabase({ url }, 'postgres') : library.database;
    const verifying = verifyProjections(other, { onProgress: () => undefined });
    await asOwner(library.database, `UPDATE entities SET title = 'Forged'`);
    expect((await verifying.next()).done).toBe(false);
    const refused = { code: 'MAINTENANCE_RUNNING', kind: 'conflict' };
    expect(await failure(rebuildProjections(library.database))).toMatchObject(refused);
    expect(await failure(verifyProjections(library.database).next())).toMatchObject(refused);
    // The one that was first was not disturbed, and when it lets go the next one may begin.
    await verifying.return(undefined);
    await rebuildProjections(library.database);
    expect(await findings(library.database)).toEqual([]);
    if (other !== library.database) await other.close();
  });

  it('may begin as soon as the process that held the lock is gone', async (test) => {
    const { url } = library.test;
    if (!url) return test.skip('the embedded database has one process, whose end is the end of its locks');
    const dead = new PostgresDatabase({ url }, 'postgres');
    expect(await dead.tryLock('synap.maintenance')).not.toBeNull();
    expect(await library.database.tryLock('synap.maintenance')).toBeNull();
    // As the server sees a client that died: its connection is gone.
    await library.database.call({
      sql: `SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database
            WHERE datname = current_database() AND locktype = 'advisory' AND granted AND pid <> pg_backend_pid()`,
    });
    await rebuildProjections(library.database);
    await dead.close();
  });

  it('loses nothing that is written meanwhile, and verify finds no fault that is none', async () => {
    let writing = true;
    let written = 0;
    const writers = Array.from({ length: 4 }, async () => {
      while (writing) {
        const id = newEntityId();
        await library.events.append(noteCreated(library.alice, id, { tags: [`tag ${written % 7}`] }));
        await library.events.append(titled(library.alice, id, `${written++}`, 'any'));
      }
    });
    const seen = [];
    for (let round = 0; round < 3; round++) {
      await rebuildProjections(library.database);
      seen.push(...(await findings(library.database)));
    }
    writing = false;
    await Promise.all(writers);
    expect(seen).toEqual([]);
    expect(await findings(library.database)).toEqual([]);
    const [row] = await asOwner(
      library.database,
      `SELECT count(*) AS n FROM entities WHERE version = 2 AND type = 'note'`,
    );
    expect(Number(row?.n)).toBe(written + 1);
  });
});
