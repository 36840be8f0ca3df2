import {
  type Checksum,
  checksumOf,
  EntityType,
  FileType,
  newEntityId,
  previewOf,
  storageKey,
  TaskStatus,
  type Timestamp,
} from '@synap/types';
import fc from 'fast-check';
import {
  type ContentReference,
  decideEntity,
  type EntityCommand,
  type EntityState,
  evolveEntity,
  type StateEvent,
} from '../src/index.ts';

/** Content as it is known once it is stored. */
export function contentOf(text: string, fileType: FileType = FileType.MARKDOWN): ContentReference {
  const bytes = Buffer.from(text);
  return {
    key: storageKey(`users/u/notes/${newEntityId()}/${newEntityId()}.md`),
    fileType,
    checksum: checksumOf(bytes) as Checksum,
    size: bytes.length,
    preview: previewOf(text),
  };
}

export const time = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString() as Timestamp;

/** An entity's life in memory, as the database would keep it: commands in, events kept, state moved on. */
export class Life {
  readonly id = newEntityId();
  readonly events: StateEvent[] = [];
  readonly states: EntityState[] = [];

  get state(): EntityState | null {
    return this.states.at(-1) ?? null;
  }

  /** Throws what `decideEntity` throws. */
  do(command: EntityCommand, now = time(this.events.length)): EntityState {
    const draft = decideEntity(this.state, command, now);
    if (draft) {
      const event = { ...draft, aggregateId: this.id, version: this.events.length + 1, timestamp: now };
      this.states.push(evolveEntity(this.state, event));
      this.events.push(event);
    }
    return this.states.at(-1) as EntityState;
  }

  get last(): StateEvent | undefined {
    return this.events.at(-1);
  }
}

export function newLife(command: Partial<Extract<EntityCommand, { kind: 'create' }>> = {}): Life {
  const life = new Life();
  life.do({ kind: 'create', type: EntityType.NOTE, title: null, tags: [], path: null, content: null, ...command });
  return life;
}

const title = fc.option(fc.constantFrom('one', 'two', 'three'), { nil: null });
const tags = fc.uniqueArray(fc.constantFrom('a', 'b', '#c', 'ü'), { maxLength: 3 });
const path = fc.option(fc.constantFrom('a.md', 'b/c.md'), { nil: null });
const content = fc.tuple(fc.constantFrom('', 'x', '# y\n', '\ufeffz'), fc.constantFrom(...Object.values(FileType)));
const status = fc.constantFrom(...Object.values(TaskStatus));
const task = fc.record(
  {
    status,
    priority: fc.integer({ min: 0, max: 3 }),
    dueDate: fc.option(fc.constantFrom(time(1), time(2)), { nil: null }),
  },
  { requiredKeys: [] },
);

export const creation: fc.Arbitrary<EntityCommand> = fc
  .record({
    type: fc.constantFrom(...Object.values(EntityType)),
    title,
    tags,
    path,
    content: fc.option(content, { nil: null }),
    task: fc.option(task, { nil: undefined }),
  })
  .map(({ task, content, ...command }) => ({
    kind: 'create',
    ...command,
    content: content && contentOf(...content),
    ...(task && command.type === EntityType.TASK && { task }),
  }));

/** A command, or for a restoration how far back it reaches. */
export type Step = EntityCommand | { readonly kind: 'bring-back'; readonly age: number };

export const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ title, tags, path, content, task }, { requiredKeys: [] }).map(({ content, ...command }) => ({
    kind: 'update' as const,
    ...command,
    ...(content && { content: contentOf(...content) }),
  })),
  fc.record({ kind: fc.constant('set-status' as const), status }),
  fc.constantFrom<Step>({ kind: 'delete' }, { kind: 'restore' }),
  fc.record({ kind: fc.constant('bring-back' as const), age: fc.nat({ max: 8 }) }),
);
