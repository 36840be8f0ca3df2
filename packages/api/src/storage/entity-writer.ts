import { setTimeout as sleep } from 'node:timers/promises';
import {
  type ChangeOptions,
  decideEntity,
  type EntityChange,
  type EntityCommand,
  type EntityState,
  type EventDraft,
  evolveEntity,
  type NewEntity,
  stateOf,
  toEntity,
  type WriteOptions,
} from '@initiativ/core';
import type { AppendEventData, AppendResult, ExpectedVersion, Idempotency } from '@synap/database';
import {
  AggregateType,
  type Entity,
  type EntityId,
  type EntityType,
  type FileType,
  isSynapError,
  newEntityId,
  newEventId,
  SynapError,
  tagsOf,
  titleOf,
  type UserId,
} from '@synap/types';
import { type Content, contentBytes, fileTypeOf, PendingContent, storedContent } from './content.ts';
import { indexOf } from './indexing.ts';
import { KeyedLock } from './keyed-lock.ts';
import { idempotencyOf, notFound, pathOf, type StorageParts, timeOf, versionConflict } from './parts.ts';

/** How often a change without an expected version is tried again when other processes are quicker. */
const MAX_TRIES = 100;
/** Milliseconds; the wait before a new try is chance up to this. */
const MAX_JITTER_MS = 50;

/** A change, once the state is known that it applies to. The same content comes with every try. */
interface Change {
  readonly command: EntityCommand;
  readonly content?: Content | undefined;
}

/**
 * The write path: check -> decide -> put the content, confirmed -> append. An object whose event was not written is left
 * behind and collected later; an event whose object is not there cannot be.
 */
export class EntityWriter {
  readonly #parts: StorageParts;
  readonly #locks = new KeyedLock();

  constructor(parts: StorageParts) {
    this.#parts = parts;
  }

  async create(data: NewEntity, options: WriteOptions): Promise<Entity> {
    const { userId, type, task, origin } = data;
    const id = data.id ?? newEntityId();
    const text = { title: titleOf(data.title), tags: tagsOf(data.tags ?? []), path: pathOf(data.path ?? null) };
    const content = data.stored
      ? storedContent(data.stored)
      : data.content === undefined
        ? undefined
        : this.#pending(contentBytes(data.content), fileTypeOf(data.content, data.fileType), userId, type, id);
    const command: EntityCommand = {
      kind: 'create',
      type,
      ...text,
      content: content?.reference ?? null,
      ...(task && { task }),
      ...(origin && { origin }),
    };
    return this.#once(userId, options, (idempotency) =>
      this.#write(id, userId, null, { command, content }, options, idempotency),
    );
  }

  async update(id: EntityId, userId: UserId, change: EntityChange, options: ChangeOptions): Promise<Entity> {
    const fields = {
      ...(change.title !== undefined && { title: titleOf(change.title) }),
      ...(change.tags && { tags: tagsOf(change.tags) }),
      ...(change.path !== undefined && { path: pathOf(change.path) }),
      ...(change.task && { task: change.task }),
      ...(change.origin && { origin: change.origin }),
    };
    const bytes = change.content === undefined ? undefined : contentBytes(change.content);
    let content = change.stored && storedContent(change.stored);
    const changeOf = (state: EntityState): Change => {
      if (change.content !== undefined && bytes && !content) {
        const fileType = fileTypeOf(change.content, change.fileType, state.fileType);
        content = this.#pending(bytes, fileType, userId, state.type, id);
      }
      const command: EntityCommand = { kind: 'update', ...fields, ...(content && { content: content.reference }) };
      return { command, content };
    };
    return this.change(id, userId, options, changeOf, bytes !== undefined);
  }

  /**
   * Makes a change to whatever version is there, or to the expected one only.
   * @param changeOf called for each try, with the state it begins from
   * @param hasContent whether the change brings content
   */
  change(
    id: EntityId,
    userId: UserId,
    options: ChangeOptions,
    changeOf: (state: EntityState) => Change | Promise<Change>,
    hasContent = false,
  ): Promise<Entity> {
    return this.#once(userId, options, async (idempotency) => {
      const attempt = async () => {
        const state = await this.#read(id, userId, options.expectedVersion);
        return this.#write(id, userId, state, await changeOf(state), options, idempotency);
      };
      if (options.expectedVersion !== undefined) return attempt();

      if (hasContent) {
        // Into the store before anybody has to wait for it: when it is our turn, it is there already.
        const state = await this.#read(id, userId);
        const { command, content } = await changeOf(state);
        await this.#putIfUsed(this.#decide(state, command), content);
      }
      // Within this process changes of one entity queue up, so that they need not win a race each.
      return this.#locks.run(id, () => repeatOnConflict(attempt));
    });
  }

  #pending(
    bytes: Uint8Array,
    fileType: FileType,
    userId: UserId,
    type: EntityType,
    entityId: EntityId,
  ): PendingContent {
    return new PendingContent(this.#parts.objects, bytes, fileType, { userId, type, entityId });
  }

  /** A retry of what was done before gives the first result. */
  async #once(
    userId: UserId,
    options: WriteOptions,
    work: (idempotency: Idempotency | undefined) => Promise<Entity>,
  ): Promise<Entity> {
    if (!options.idempotencyKey) return work(undefined);
    const idempotency = idempotencyOf(options.idempotencyKey);
    const first = await this.#parts.findByIdempotencyKey(userId, idempotency.procedure, idempotency.key);
    if (!first) return work(idempotency);
    if (Buffer.compare(first.inputHash, idempotency.inputHash) !== 0) {
      throw new SynapError('IDEMPOTENCY_KEY_REUSED', 'This idempotency key was used before with another input.');
    }
    return this.#version(userId, first.aggregateId as EntityId, first.version);
  }

  async #write(
    id: EntityId,
    userId: UserId,
    state: EntityState | null,
    { command, content }: Change,
    options: WriteOptions,
    idempotency: Idempotency | undefined,
  ): Promise<Entity> {
    const draft = this.#decide(state, command);
    if (!draft) {
      if (!state) throw new SynapError('INTERNAL', 'A creation led to no event.');
      return toEntity(state);
    }
    await this.#putIfUsed(draft, content);
    const index = await indexOf(this.#parts.objects, state, draft, content);
    const event = { ...draft, ...(index && { index }) };
    const result = await this.#append(id, userId, state?.version ?? 'no-stream', event, options, idempotency);
    if (result.duplicate) return this.#version(userId, result.aggregateId as EntityId, result.version);
    const { version } = result;
    const timestamp = options.timestamp ?? result.recordedAt;
    return toEntity(evolveEntity(state, { ...draft, aggregateId: id, version, timestamp }));
  }

  #decide(state: EntityState | null, command: EntityCommand): EventDraft | null {
    return decideEntity(state, command, timeOf(this.#parts.clock));
  }

  async #putIfUsed(draft: EventDraft | null, content: Content | undefined): Promise<void> {
    if (content && draft?.data.key === content.reference.key) await content.put();
  }

  #append(
    aggregateId: EntityId,
    userId: UserId,
    expectedVersion: ExpectedVersion,
    event: EventDraft & Pick<AppendEventData, 'index'>,
    { correlationId, source, timestamp }: WriteOptions,
    idempotency: Idempotency | undefined,
  ): Promise<AppendResult> {
    return this.#parts.events.append({
      ...event,
      id: newEventId(),
      aggregateId,
      aggregateType: AggregateType.ENTITY,
      userId,
      expectedVersion,
      ...(correlationId && { correlationId }),
      ...(source && { source }),
      ...(timestamp && { timestamp }),
      ...(idempotency && { idempotency }),
    });
  }

  async #read(id: EntityId, userId: UserId, expectedVersion?: number): Promise<EntityState> {
    const record = await this.#parts.entities.get(userId, id);
    if (!record) throw notFound();
    const state = stateOf(record.entity, record.key);
    if (expectedVersion === undefined || expectedVersion === state.version) return state;
    throw versionConflict(state.version);
  }

  async #version(userId: UserId, id: EntityId, version: number): Promise<Entity> {
    const record = await this.#parts.entities.getVersion(userId, id, version);
    if (!record) throw notFound();
    return record.entity;
  }
}

async function repeatOnConflict(attempt: () => Promise<Entity>): Promise<Entity> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === MAX_TRIES || !isSynapError(error, 'VERSION_CONFLICT')) throw error;
      await sleep(Math.random() * Math.min(2 ** tries, MAX_JITTER_MS));
    }
  }
}
