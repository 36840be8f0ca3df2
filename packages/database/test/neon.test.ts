import { neonConfig } from '@neondatabase/serverless';
import { newEntityId } from '@synap/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Committer, EntityRepository, EventRepository, migrate, PostgresDatabase } from '../src/index.ts';
import { WebSocketRelay } from './fixtures/websocket-relay.ts';
import { noteCreated, titled } from './support/events.ts';
import { failure, findings, useLibrary } from './support/library.ts';

describe.skipIf(!process.env.TEST_DATABASE_URL)('Neon’s driver (needs TEST_DATABASE_URL)', () => {
  const library = useLibrary();
  let relay: WebSocketRelay;
  let neon: PostgresDatabase;

  beforeAll(async () => {
    const url = new URL(library.test.url ?? '');
    relay = await WebSocketRelay.start(url.hostname, Number(url.port || 5432));
    neonConfig.wsProxy = () => `127.0.0.1:${relay.port}/`;
    neonConfig.useSecureWebSocket = false;
    neonConfig.pipelineConnect = false;
    neonConfig.pipelineTLS = false;
    neonConfig.forceDisablePgSSL = true;
    neon = new PostgresDatabase({ url: url.href }, 'neon');
  });
  afterAll(async () => {
    await neon?.close();
    await relay?.stop();
  });

  it('migrates, appends, reads and tells a conflict as pg does', async () => {
    const { alice, bob } = library;
    expect(neon.kind).toBe('neon');
    expect(await migrate(neon)).toEqual([]);
    const events = new EventRepository(neon, new Committer(neon));
    const entities = new EntityRepository(neon);
    const id = newEntityId();
    await events.append(noteCreated(alice, id, { title: 'Ünïcode 😀', tags: ['a'] }));
    await events.append(titled(alice, id, 'second', 1));
    expect(await failure(events.append(titled(alice, id, 'third', 1)))).toMatchObject({
      code: 'VERSION_CONFLICT',
      details: { actualVersion: 2 },
    });
    expect((await entities.getVersion(alice, id, 1))?.entity.title).toBe('Ünïcode 😀');
    expect((await entities.get(alice, id))?.entity).toEqual((await library.entities.get(alice, id))?.entity);
    expect(await entities.get(bob, id)).toBeNull();
    expect(await findings(neon)).toEqual([]);
  });

  it('has the rights of the role that it entered, and none afterwards', async () => {
    const who = { sql: 'SELECT current_user::text AS role' };
    expect(await neon.transaction({ role: 'app', userId: library.alice }, [who])).toEqual([[{ role: 'synap_app' }]]);
    expect((await neon.call(who))[0]?.role).not.toBe('synap_app');
  });

  it('says that a database is not there', async () => {
    const url = new URL(library.test.url ?? '');
    url.pathname = '/no_such_database';
    const nowhere = new PostgresDatabase({ url: url.href }, 'neon');
    expect(await failure(nowhere.call({ sql: 'SELECT 1' }))).toMatchObject({ code: 'CONFIGURATION_INVALID' });
    await nowhere.close();
  });
});
