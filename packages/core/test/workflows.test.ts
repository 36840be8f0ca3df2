import { type Entity, newUserId } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { type IStorage, type NewEntity, Workflows, type WriteOptions } from '../src/index.ts';

/** Remembers what it was asked to create. */
function recorder() {
  const calls: [NewEntity, WriteOptions | undefined][] = [];
  const storage: Pick<IStorage, 'createEntity'> = {
    createEntity: (data, options) => {
      calls.push([data, options]);
      return Promise.resolve({ type: data.type } as Entity);
    },
  };
  return { calls, storage: storage as IStorage };
}

describe('Workflows', () => {
  it('captures for its user, with what goes along', async () => {
    const { calls, storage } = recorder();
    const userId = newUserId();
    const workflows = new Workflows(storage, userId);
    const options = { idempotencyKey: { procedure: 'notes.create', key: 'k', input: {} } };
    await workflows.captureNote({ content: 'a note', tags: ['t'] }, options);
    await workflows.captureThought('a thought');
    await workflows.addTask({ title: 'a task', task: { priority: 2 } });
    expect(calls).toEqual([
      [{ userId, type: 'note', content: 'a note', tags: ['t'] }, options],
      [{ userId, type: 'note', content: 'a thought' }, undefined],
      [{ userId, type: 'task', title: 'a task', task: { priority: 2 } }, undefined],
    ]);
  });

  it.each([
    ['nothing', ''],
    ['white space', ' \t\r\n\u00a0\u3000'],
    ['what has no width', '\u200b\u200d\u2060\ufeff'],
    ['marks of direction', '\u200e\u200f\u202e'],
  ])('refuses content that shows nothing: %s', async (_name, content) => {
    const { calls, storage } = recorder();
    const workflows = new Workflows(storage, newUserId());
    const blank = { code: 'BLANK_CONTENT' };
    await expect(workflows.captureNote({ content })).rejects.toMatchObject(blank);
    await expect(workflows.captureThought(content)).rejects.toMatchObject(blank);
    expect(calls).toEqual([]);
  });
});
