import { type Entity, EntityType, isBlank, SynapError, type TaskInput, type UserId } from '@synap/types';
import type { IStorage, NewEntity, WriteOptions } from './interfaces/storage.ts';

export interface CaptureNote {
  readonly content: string;
  readonly title?: string | null;
  readonly tags?: readonly string[];
}

/** What people do with Synap, for one user, on whatever storage is handed in. Throws what `IStorage` throws. */
export class Workflows {
  readonly #storage: IStorage;
  readonly #userId: UserId;

  constructor(storage: IStorage, userId: UserId) {
    this.#storage = storage;
    this.#userId = userId;
  }

  /** @throws {SynapError} `BLANK_CONTENT` if nothing of it can be seen */
  async captureNote(note: CaptureNote, options?: WriteOptions): Promise<Entity> {
    return this.#create({ ...note, type: EntityType.NOTE, content: visible(note.content) }, options);
  }

  /** A thought is a note in the making: it has no title and no tags yet. @throws {SynapError} `BLANK_CONTENT` */
  async captureThought(content: string, options?: WriteOptions): Promise<Entity> {
    return this.#create({ type: EntityType.NOTE, content: visible(content) }, options);
  }

  async addTask(task: { readonly title: string; readonly task?: TaskInput }, options?: WriteOptions): Promise<Entity> {
    return this.#create({ ...task, type: EntityType.TASK }, options);
  }

  #create(data: Omit<NewEntity, 'userId'>, options: WriteOptions | undefined): Promise<Entity> {
    return this.#storage.createEntity({ ...data, userId: this.#userId }, options);
  }
}

function visible(content: string): string {
  if (!isBlank(content)) return content;
  throw new SynapError('BLANK_CONTENT', 'There is nothing to keep: the content is blank.');
}
