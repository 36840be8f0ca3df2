import { randomUUID } from 'node:crypto';
import { newEntityId, newRevisionId, newUserId } from '@synap/types';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessSuite } from './access-suite.ts';
import { contentSuite } from './content-suite.ts';
import { forEach, keysOf, SLOW_MS, type StorageHarness, type Suite } from './suite.ts';

/** What every driver must do. The tests write below a prefix of their own, and leave nothing there. */
export function objectStorageConformance(name: string, makeStorage: () => Promise<StorageHarness>): void {
  describe(`${name}: object storage`, { timeout: SLOW_MS }, () => {
    const run = `conformance-${randomUUID()}`;
    let harness: StorageHarness;
    const suite: Suite = {
      store: () => harness.storage,
      corrupt: (key, bytes) => harness.corrupt(key, bytes),
      fresh: (file = 'note.md') => `${run}/${randomUUID()}/${file}`,
    };

    beforeAll(async () => {
      harness = await makeStorage();
    }, SLOW_MS);

    afterAll(async () => {
      const { storage, disposable } = harness;
      if (!disposable) await forEach(await keysOf(storage, `${run}/`), (key) => storage.delete(key));
      await storage.close();
      await harness.close();
    }, SLOW_MS);

    contentSuite(suite);
    accessSuite(suite);

    it('builds paths that it takes', async () => {
      const { storage } = harness;
      const user = newUserId();
      const key = storage.buildPath({
        userId: user,
        type: 'note',
        entityId: newEntityId(),
        revisionId: newRevisionId(),
      });
      await storage.upload(key, 'x');
      expect(await keysOf(storage, `users/${user}/`)).toEqual([key]);
      expect(await storage.download(key)).toBe('x');
      await storage.delete(key);
    });
  });
}
