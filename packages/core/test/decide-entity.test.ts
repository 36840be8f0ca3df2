import { EntityType, EventType, FileType, type SynapError, TaskStatus } from '@synap/types';
import { describe, expect, it } from 'vitest';
import { decideEntity, type EntityCommand, stateOf, toEntity } from '../src/index.ts';
import { contentOf, newLife, time } from './commands.ts';

const code = (value: string) => expect.objectContaining({ name: 'SynapError', code: value }) as SynapError;
const task = () => newLife({ type: EntityType.TASK, title: 'Buy milk' });

describe('the event of a command is the most specific one', () => {
  const cases: [string, EntityCommand, EventType][] = [
    ['only the title', { kind: 'update', title: 'new' }, EventType.ENTITY_TITLE_CHANGED],
    ['a title taken away', { kind: 'update', title: null }, EventType.ENTITY_TITLE_CHANGED],
    ['only content', { kind: 'update', content: contentOf('new') }, EventType.ENTITY_FILE_UPLOADED],
    [
      'content and a title that stays',
      { kind: 'update', title: 'Buy milk', content: contentOf('new') },
      EventType.ENTITY_FILE_UPLOADED,
    ],
    ['title and content', { kind: 'update', title: 'new', content: contentOf('new') }, EventType.ENTITY_UPDATED],
    ['tags', { kind: 'update', tags: ['shop'] }, EventType.ENTITY_UPDATED],
    ['path', { kind: 'update', path: 'a/b.md' }, EventType.ENTITY_UPDATED],
    ['status', { kind: 'set-status', status: TaskStatus.IN_PROGRESS }, EventType.TASK_STATUS_CHANGED],
    [
      'status through an update',
      { kind: 'update', task: { status: TaskStatus.CANCELLED } },
      EventType.TASK_STATUS_CHANGED,
    ],
    ['done', { kind: 'set-status', status: TaskStatus.DONE }, EventType.TASK_COMPLETED],
    [
      'status and priority',
      { kind: 'update', task: { status: TaskStatus.DONE, priority: 2 } },
      EventType.ENTITY_UPDATED,
    ],
    ['due date', { kind: 'update', task: { dueDate: time(9) } }, EventType.ENTITY_UPDATED],
    ['status and title', { kind: 'update', title: 'new', task: { status: TaskStatus.DONE } }, EventType.ENTITY_UPDATED],
    ['delete', { kind: 'delete' }, EventType.ENTITY_DELETED],
  ];

  it.each(cases)('%s', (_name, command, eventType) => {
    const life = task();
    life.do(command);
    expect(life.last?.eventType).toBe(eventType);
  });

  it('names only what changes', () => {
    const life = newLife({ title: 'one', tags: ['a'] });
    life.do({ kind: 'update', title: 'one', tags: ['b'] });
    expect(life.last).toMatchObject({ data: {}, private: { tags: ['b'] } });
    expect(life.last?.private).not.toHaveProperty('title');
  });
});

describe('a command that changes nothing is no event', () => {
  const content = contentOf('same');
  it.each<[string, EntityCommand]>([
    ['nothing at all', { kind: 'update' }],
    ['the same title', { kind: 'update', title: 'Buy milk' }],
    ['the same bytes under another key', { kind: 'update', content: contentOf('same') }],
    ['the same status', { kind: 'set-status', status: TaskStatus.TODO }],
    ['an empty task change', { kind: 'update', task: {} }],
    ['restoring what is not deleted', { kind: 'restore' }],
  ])('%s', (_name, command) => {
    const life = newLife({ type: EntityType.TASK, title: 'Buy milk', content });
    expect(life.do(command)).toBe(life.states[0]);
    expect(life.events).toHaveLength(1);
  });

  it('is so for a second deletion', () => {
    const life = newLife();
    life.do({ kind: 'delete' });
    life.do({ kind: 'delete' });
    expect(life.state?.version).toBe(2);
  });

  it('is so for bringing back a version that is as it is now', () => {
    const life = newLife({ title: 'one' });
    life.do({ kind: 'update', title: 'two' });
    life.do({ kind: 'update', title: 'one' });
    life.do({ kind: 'restore', to: life.states[0]! });
    expect(life.state?.version).toBe(3);
  });

  it('is not so for the same bytes as another kind of file', () => {
    const life = newLife({ content });
    life.do({ kind: 'update', content: { ...contentOf('same'), fileType: FileType.OTHER } });
    expect(life.state).toMatchObject({ version: 2, fileType: 'other' });
  });
});

describe('completedAt', () => {
  it('comes with done, stays while done, and goes when it leaves', () => {
    const life = task();
    expect(life.do({ kind: 'set-status', status: TaskStatus.DONE }, time(5)).task?.completedAt).toBe(time(5));
    expect(life.do({ kind: 'update', task: { priority: 3 } }, time(6)).task?.completedAt).toBe(time(5));
    expect(life.do({ kind: 'set-status', status: TaskStatus.TODO }, time(7)).task?.completedAt).toBeNull();
  });

  it('is there from the start for a task that is made done', () => {
    const life = newLife({ type: EntityType.TASK, task: { status: TaskStatus.DONE } });
    expect(life.state?.task).toEqual({ status: 'done', priority: 0, dueDate: null, completedAt: time(0) });
  });
});

describe('restore', () => {
  it('undoes a deletion and nothing else', () => {
    const life = newLife({ title: 'one', content: contentOf('x') });
    const before = life.state!;
    expect(life.do({ kind: 'delete' }).deletedAt).toBe(time(1));
    expect(life.do({ kind: 'restore' })).toEqual({ ...before, version: 3, updatedAt: time(2) });
    expect(life.last).toMatchObject({ eventType: EventType.ENTITY_RESTORED, data: {}, private: {} });
  });

  it('brings back everything of a version, also to a deleted entity', () => {
    const life = newLife({ title: 'one', tags: ['a'] });
    life.do({ kind: 'update', title: null, tags: [], content: contentOf('x'), path: 'p.md' });
    life.do({ kind: 'delete' });
    const state = life.do({ kind: 'restore', to: life.states[0]! });
    expect(state).toEqual({ ...life.states[0], version: 4, updatedAt: time(3) });
    expect(state).toMatchObject({ key: null, fileSize: null, checksum: null, path: null, preview: '' });
    expect(life.last?.data.version).toBe(1);
  });
});

describe('commands that make no sense', () => {
  const deleted = () => {
    const life = task();
    life.do({ kind: 'delete' });
    return life;
  };

  it.each<[string, EntityCommand]>([
    ['an update', { kind: 'update', title: 'new' }],
    ['an update that would change nothing', { kind: 'update' }],
    ['a status', { kind: 'set-status', status: TaskStatus.DONE }],
  ])('%s of a deleted entity says to restore it first', (_name, command) => {
    expect(() => deleted().do(command)).toThrow(code('INVALID_STATE'));
    expect(() => deleted().do(command)).toThrow(/Restore it first/);
  });

  it('a status for what is no task', () => {
    expect(() => newLife().do({ kind: 'set-status', status: TaskStatus.DONE })).toThrow(code('INVALID_STATE'));
    expect(() => newLife({ task: { priority: 1 } })).toThrow(code('INVALID_STATE'));
  });

  it('a second creation, and a change before the first', () => {
    const create = { kind: 'create', type: EntityType.NOTE, title: null, tags: [], path: null, content: null } as const;
    expect(() => newLife().do(create)).toThrow(code('INVALID_STATE'));
    expect(() => decideEntity(null, { kind: 'delete' }, time(0))).toThrow(code('INVALID_STATE'));
  });
});

it('shows a user everything but the storage key', () => {
  const { state } = newLife({ type: EntityType.TASK, content: contentOf('x') });
  const entity = toEntity(state!);
  expect(entity).not.toHaveProperty('key');
  expect(entity.enrichment).toEqual({ status: 'off' });
  expect(stateOf(entity, state!.key)).toEqual(state);
  expect(toEntity(newLife().state!)).not.toHaveProperty('task');
});
