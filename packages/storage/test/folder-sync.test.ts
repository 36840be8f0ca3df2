import { describe, expect, it } from 'vitest';
import { FolderSync } from '../src/folder-sync.ts';

/** An fsync whose end the test decides. */
function manual() {
  const calls: { folder: string; end: (error?: Error) => void }[] = [];
  const sync = new FolderSync(
    (folder) =>
      new Promise((resolve, reject) => {
        calls.push({ folder, end: (error) => (error ? reject(error) : resolve()) });
      }),
  );
  return { calls, sync };
}

const settle = () => new Promise((done) => setImmediate(done));

describe('FolderSync', () => {
  it('starts at once when nothing is running', async () => {
    const { calls, sync } = manual();
    const done = sync.sync('/a');
    expect(calls).toHaveLength(1);
    calls[0]?.end();
    await done;
  });

  it('does not take a sync that was already running for cover', async () => {
    const { calls, sync } = manual();
    const first = sync.sync('/a');
    let covered = false;
    const later = Promise.all([sync.sync('/a'), sync.sync('/a'), sync.sync('/a')]).then(() => {
      covered = true;
    });
    calls[0]?.end();
    await first;
    await settle();
    expect(covered).toBe(false);
    // All three share the second one.
    expect(calls).toHaveLength(2);
    calls[1]?.end();
    await later;
    expect(calls).toHaveLength(2);
  });

  it('keeps at most one running, round after round', async () => {
    const { calls, sync } = manual();
    const first = sync.sync('/a');
    const second = sync.sync('/a');
    calls[0]?.end();
    await first;
    await settle();
    const third = sync.sync('/a');
    expect(calls).toHaveLength(2);
    calls[1]?.end();
    await second;
    await settle();
    expect(calls).toHaveLength(3);
    calls[2]?.end();
    await third;
    const fourth = sync.sync('/a');
    expect(calls).toHaveLength(4);
    calls[3]?.end();
    await fourth;
  });

  it('does not let one folder wait for another', async () => {
    const { calls, sync } = manual();
    const both = [sync.sync('/a'), sync.sync('/b')];
    expect(calls.map(({ folder }) => folder)).toEqual(['/a', '/b']);
    for (const { end } of calls) end();
    await Promise.all(both);
  });

  it('tells a failure to those who waited for it, and to nobody else', async () => {
    const { calls, sync } = manual();
    const first = sync.sync('/a');
    const second = sync.sync('/a');
    calls[0]?.end(new Error('EIO'));
    await expect(first).rejects.toThrow('EIO');
    await settle();
    calls[1]?.end();
    await expect(second).resolves.toBeUndefined();
    const third = sync.sync('/a');
    calls[2]?.end(new Error('EIO again'));
    await expect(third).rejects.toThrow('EIO again');
  });
});
