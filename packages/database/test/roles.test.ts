import { type EntityId, newEntityId, newRelationId, type RelationId, type UserId } from '@synap/types';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, it } from 'vitest';
import { IDEMPOTENCY_SQL } from '../src/event-store/idempotency.sql.ts';
import { AGGREGATE_EVENTS_SQL, AGGREGATE_VERSION_SQL, USER_EVENTS_SQL } from '../src/event-store/read.sql.ts';
import { AccountRepository, EntityRepository, findByIdempotencyKey, RelationRepository } from '../src/index.ts';
import type { OwnerFilter } from '../src/repositories/session.ts';
import { noteCreated, related, taskCreated, titled } from './support/events.ts';
import { asOwner, failure, useLibrary } from './support/library.ts';

const library = useLibrary();
/** The application's filter, taken away. */
const unfiltered: OwnerFilter = () => sql`true`;

interface Things {
  readonly note: EntityId;
  readonly task: EntityId;
  readonly relation: RelationId;
}
let alices: Things;
let bobs: Things;

async function fill(user: UserId): Promise<Things> {
  const things = { note: newEntityId(), task: newEntityId(), relation: newRelationId() };
  await library.events.append(
    noteCreated(
      user,
      things.note,
      { tags: [`of ${user}`] },
      {
        idempotency: { procedure: 'notes.create', key: `key of ${user}`, inputHash: new Uint8Array(32) },
      },
    ),
  );
  await library.events.append(taskCreated(user, things.task, { tags: [`of ${user}`] }));
  await library.events.append(titled(user, things.note, 'second', 1));
  await library.events.append(related(user, things.note, things.task, 'mentions', things.relation));
  return things;
}

beforeAll(async () => {
  alices = await fill(library.alice);
  bobs = await fill(library.bob);
});

describe('the role of a transaction', () => {
  const roleSql = `SELECT current_user AS role, current_setting('synap.user_id', true) AS user`;

  it('is synap_app with the user of that transaction alone', async () => {
    const [rows] = await library.database.transaction({ role: 'app', userId: library.alice }, [{ sql: roleSql }]);
    expect(rows).toEqual([{ role: 'synap_app', user: library.alice }]);
  });

  it.each(['auth', 'owner'] as const)('is synap_%s', async (role) => {
    const [rows] = await library.database.transaction({ role }, [{ sql: roleSql }]);
    expect(rows?.[0]?.role).toBe(`synap_${role}`);
    expect(rows?.[0]?.user || null).toBeNull();
  });

  it('is synap_writer inside the write function', async () => {
    await asOwner(library.database, 'CREATE TABLE synap.seen_role (role text)');
    await asOwner(library.database, 'GRANT INSERT ON synap.seen_role TO synap_writer');
    await asOwner(
      library.database,
      `CREATE FUNCTION synap.see_role() RETURNS trigger LANGUAGE plpgsql AS
       $$ BEGIN INSERT INTO synap.seen_role VALUES (current_user); RETURN NEW; END $$`,
    );
    await asOwner(
      library.database,
      'CREATE TRIGGER see AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION see_role()',
    );
    await library.events.append(noteCreated(library.alice));
    await asOwner(library.database, 'DROP TRIGGER see ON events');
    expect(await asOwner(library.database, 'SELECT role FROM seen_role')).toEqual([{ role: 'synap_writer' }]);
    await asOwner(library.database, 'DROP TABLE synap.seen_role');
    await asOwner(library.database, 'DROP FUNCTION synap.see_role()');
  });

  it('is gone afterwards, with the user, also after a failure', async () => {
    const context = { role: 'app', userId: library.alice } as const;
    await failure(library.database.transaction(context, [{ sql: 'SELECT 1 / 0' }]));
    for (let time = 0; time < 10; time++) {
      const [row] = await library.database.call({ sql: roleSql });
      expect(row?.role).not.toMatch(/^synap_(app|owner|writer|auth)$/);
      expect(row?.user || null).toBeNull();
    }
  });

  it.each([`x'; DROP TABLE entities; --`, `' OR '1'='1`, '"', '\\', ''])(
    'takes the user %j as a value',
    async (name) => {
      const context = { role: 'app', userId: name as UserId } as const;
      const [rows] = await library.database.transaction(context, [{ sql: 'SELECT id FROM entities' }]);
      expect(rows).toEqual([]);
    },
  );
});

describe('synap_app', () => {
  const TABLES = ['entities', 'entity_history', 'entity_versions', 'task_details', 'tags', 'entity_tags', 'relations'];
  const VIEWS = ['user_events', 'user_event_streams', 'user_event_ids', 'entity_vectors'];
  const nobody = { role: 'app', userId: '' as UserId } as const;

  it.each([...TABLES, ...VIEWS])('sees no row of %s without a user', async (table) => {
    const [rows] = await library.database.transaction(nobody, [{ sql: `SELECT * FROM ${table}` }]);
    expect(rows).toEqual([]);
    const [all] = await asOwner(library.database, `SELECT count(*) AS n FROM ${table}`);
    if (!VIEWS.includes(table)) expect(Number(all?.n)).toBeGreaterThan(0);
  });

  it.each([...TABLES, ...VIEWS.slice(0, 3)])('sees only its own rows of %s', async (table) => {
    const context = { role: 'app', userId: library.alice } as const;
    const [rows = []] = await library.database.transaction(context, [{ sql: `SELECT DISTINCT user_id FROM ${table}` }]);
    expect(rows).toEqual([{ user_id: library.alice }]);
  });

  it.each([
    'events',
    'event_private',
    'event_streams',
    'event_ids',
    'log_head',
    'auth.users',
    'auth.api_keys',
    'auth.sign_in_links',
    'auth.sessions',
  ])('may not read %s', async (table) => {
    const context = { role: 'app', userId: library.alice } as const;
    const error = await failure(library.database.transaction(context, [{ sql: `SELECT * FROM ${table}` }]));
    expect(error).toMatchObject({ code: 'DATABASE_FAILED', details: { sqlState: '42501' } });
  });

  it.each([...TABLES.filter((table) => table !== 'entity_versions'), 'entity_vectors', 'events', 'log_head'])(
    'may not write %s',
    async (table) => {
      const context = { role: 'app', userId: library.alice } as const;
      // Twice refused: its transactions only read, and it has no right to anything else.
      const error = await failure(library.database.transaction(context, [{ sql: `DELETE FROM ${table}` }]));
      expect(error.details.sqlState).toBe('25006');
      const may = `SELECT has_table_privilege('synap_app', 'synap.${table}', 'INSERT, UPDATE, DELETE, TRUNCATE') AS may`;
      expect(await asOwner(library.database, may)).toEqual([{ may: false }]);
    },
  );

  it('is not what keeps accounts either: synap_auth sees those, and nothing else', async () => {
    expect(await new AccountRepository(library.database).listUsers()).toEqual([]);
    const error = await failure(
      library.database.transaction({ role: 'auth' }, [{ sql: 'SELECT * FROM synap.entities' }]),
    );
    expect(error.details.sqlState).toBe('42501');
  });
});

describe.each([
  ['with both filters', new Map<string, OwnerFilter | undefined>([['own', undefined]])],
  ['with the database’s alone', new Map<string, OwnerFilter | undefined>([['own', unfiltered]])],
])('two users, %s', (_, filters) => {
  const entities = () => new EntityRepository(library.database, filters.get('own'));
  const relations = () => new RelationRepository(library.database, filters.get('own'));
  const free = filters.get('own') !== undefined;
  const open = (text: string) => (free ? text.replaceAll('user_id = $1', '$1::text IS NOT NULL') : text);
  const read = async (text: string, params: (string | number | null)[]) => {
    const context = { role: 'app', userId: library.alice } as const;
    const [rows = []] = await library.database.transaction(context, [{ sql: open(text), params }]);
    return rows;
  };

  it('do not see each other’s entities', async () => {
    const { alice } = library;
    const mine = (await entities().list(alice, { limit: 100 })).items.map(({ entity }) => entity.id);
    expect(mine).toEqual(expect.arrayContaining([alices.note, alices.task]));
    expect(mine).not.toContain(bobs.note);
    expect(await entities().get(alice, bobs.note)).toBeNull();
    expect((await entities().getMany(alice, [alices.note, bobs.note])).map(({ entity }) => entity.id)).toEqual([
      alices.note,
    ]);
    expect(await entities().getVersion(alice, bobs.note, 1)).toBeNull();
    expect(await entities().getAt(alice, bobs.note, new Date())).toBeNull();
    expect((await entities().list(alice, { at: new Date() })).items.map(({ entity }) => entity.id)).not.toContain(
      bobs.note,
    );
    expect((await entities().list(alice, { tag: `of ${library.bob}` })).items).toEqual([]);
    expect((await entities().list(alice, { tag: `of ${library.bob}`, at: new Date() })).items).toEqual([]);
    expect((await entities().list(alice, { status: 'todo' })).items.map(({ entity }) => entity.id)).toEqual([
      alices.task,
    ]);
    expect((await entities().listTags(alice)).map(({ name }) => name)).toEqual([`of ${alice}`]);
  });

  it('do not see each other’s relations', async () => {
    const { alice } = library;
    expect(await relations().get(alice, bobs.relation)).toBeNull();
    expect(await relations().find(alice, bobs.note, bobs.task, 'mentions')).toBeNull();
    expect((await relations().list(alice)).items.map(({ id }) => id)).toEqual([alices.relation]);
    expect((await relations().list(alice, { id: bobs.note })).items).toEqual([]);
    const everybody = [alices.note, alices.task, bobs.note, bobs.task];
    expect((await relations().around(alice, everybody, 100)).map(({ id }) => id)).toEqual([alices.relation]);
  });

  it('do not see each other’s events', async () => {
    const { alice, bob } = library;
    const last = 2 ** 31 - 1;
    expect(await read(AGGREGATE_EVENTS_SQL, [alice, bobs.note, 1, last, 100])).toEqual([]);
    expect(await read(AGGREGATE_VERSION_SQL, [alice, bobs.note])).toEqual([]);
    expect(await read(IDEMPOTENCY_SQL, [alice, 'notes.create', `key of ${bob}`])).toEqual([]);
    const all = await read(USER_EVENTS_SQL, [alice, Number.MAX_SAFE_INTEGER, null, null, null, null, 1000]);
    expect(new Set(all.map((row) => row.user_id))).toEqual(new Set([alice]));
  });
});

describe('two users, with the application’s filter alone', () => {
  it('do not see each other either', async () => {
    const { alice } = library;
    const tables = ['entities', 'entity_history', 'task_details', 'tags', 'entity_tags', 'relations'];
    for (const table of tables) await asOwner(library.database, `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`);
    try {
      expect(await library.entities.get(alice, bobs.note)).toBeNull();
      expect(await library.entities.getVersion(alice, bobs.note, 1)).toBeNull();
      expect((await library.entities.list(alice, { limit: 100 })).items.map(({ entity }) => entity.id)).not.toContain(
        bobs.note,
      );
      expect((await library.entities.listTags(alice)).map(({ name }) => name)).toEqual([`of ${alice}`]);
      expect(await library.relations.get(alice, bobs.relation)).toBeNull();
      expect((await library.relations.list(alice)).items.map(({ id }) => id)).toEqual([alices.relation]);
      const everybody = [alices.note, alices.task, bobs.note, bobs.task];
      expect((await library.relations.around(alice, everybody, 100)).map(({ id }) => id)).toEqual([alices.relation]);
      expect((await library.entities.getMany(alice, everybody)).map(({ entity }) => entity.id).toSorted()).toEqual(
        [alices.note, alices.task].toSorted(),
      );
      // The test itself would pass with an empty list: somebody else's rows are there to be seen.
      expect(await new EntityRepository(library.database, unfiltered).get(alice, bobs.note)).not.toBeNull();
    } finally {
      for (const table of tables) await asOwner(library.database, `ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
    }
  });
});

describe('another user’s stream', () => {
  it.each(['any', 'no-stream', 'exists', 0, 1, 2, 99] as const)('cannot be written expecting %s', async (expected) => {
    const error = await failure(library.events.append(titled(library.bob, alices.note, 'Forged', expected)));
    expect(error).toMatchObject({ code: 'NOT_FOUND', details: {} });
    expect((await library.entities.get(library.alice, alices.note))?.entity.title).toBe('second');
  });

  it('cannot be found by an idempotency key', async () => {
    const { alice, bob, database } = library;
    expect(await findByIdempotencyKey(database, alice, 'notes.create', `key of ${bob}`)).toBeNull();
    expect(await findByIdempotencyKey(database, bob, 'notes.create', `key of ${bob}`)).toMatchObject({
      aggregateId: bobs.note,
      version: 1,
    });
  });
});
