import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteCreated } from './support/events.ts';
import { asOwner, findings, useLibrary } from './support/library.ts';

describe.skipIf(!process.env.TEST_DATABASE_URL)('the lock of the log (needs TEST_DATABASE_URL)', () => {
  const library = useLibrary();
  let other: Client;

  beforeAll(async () => {
    other = new Client({ connectionString: library.test.url });
    await other.connect();
    await library.events.append(noteCreated(library.alice));
  });
  afterAll(() => other.end());

  /** Resolves when somebody waits for a lock in this database. */
  async function somebodyWaits(): Promise<void> {
    for (;;) {
      const rows = await library.database.call({
        sql: `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      });
      if (rows.length > 0) return;
      await sleep(10);
    }
  }

  it('keeps appends out until the transaction that has it ends', async () => {
    await other.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtext('synap.log'))`);
    const appended = library.events.append(noteCreated(library.alice));
    await somebodyWaits();
    expect(await asOwner(library.database, 'SELECT position FROM log_head')).toEqual([{ position: 1 }]);
    await other.query('COMMIT');
    expect((await appended).position).toBe(2);
    expect(await findings(library.database)).toEqual([]);
  });

  it('is not all: a head that moved without it gives no position twice', async () => {
    await other.query('BEGIN; SET LOCAL ROLE synap_owner; UPDATE synap.log_head SET position = position + 1');
    const appended = library.events.append(noteCreated(library.alice));
    await somebodyWaits();
    await other.query('COMMIT');
    expect((await appended).position).toBe(4);
    const positions = await asOwner(library.database, 'SELECT position FROM events ORDER BY position');
    expect(positions.map((row) => row.position)).toEqual([1, 2, 4]);
    expect((await findings(library.database)).map((finding) => finding.code)).toEqual(['EVENT_MISSING']);
  });
});
