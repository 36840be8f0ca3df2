import { z } from 'zod';
import type { EntityId, RelationId } from './branded.ts';
import { EntityType, type FileType, RelationType, TaskStatus } from './enums.ts';
import type { Checksum, Timestamp } from './value-objects.ts';

const instant = z.iso.datetime({ offset: true }).transform((value) => new Date(value).toISOString());

/** What a task has beyond other entities. `priority` is 0 (none) to 3 (highest). */
export const taskInputSchema = z.strictObject({
  status: z.enum(TaskStatus).optional(),
  priority: z.int().min(0).max(3).optional(),
  dueDate: instant.nullable().optional(),
});
export type TaskInput = z.infer<typeof taskInputSchema>;

export interface TaskDetails {
  readonly status: TaskStatus;
  readonly priority: number;
  readonly dueDate: Timestamp | null;
  readonly completedAt: Timestamp | null;
}

/** Where an imported entity comes from: its identity is the source and the path, however often it is imported. */
export interface Origin {
  /** The name that the person gave the folder or archive. */
  readonly source: string;
  /** Relative to the source, `/` between the parts, NFC. */
  readonly path: string;
  /** That of the file's bytes when they were imported last; another one than the entity's says that it was changed here. */
  readonly checksum: Checksum;
  /** The file's own time of change. */
  readonly modifiedAt: Timestamp;
}

/** How far the machine's own work on an entity has come; it never changes the entity's version. */
export type EnrichmentStatus = 'off' | 'pending' | 'done' | 'failed';

/** An entity as its user reads it, at one version. */
export interface Entity {
  readonly id: EntityId;
  readonly type: EntityType;
  readonly title: string | null;
  readonly preview: string;
  readonly tags: readonly string[];
  /** The path it was imported under, or null. Not the storage key, which is nobody's business. */
  readonly path: string | null;
  readonly version: number;
  /** Bytes, or null without content. */
  readonly fileSize: number | null;
  readonly fileType: FileType | null;
  readonly checksum: Checksum | null;
  readonly createdAt: Timestamp;
  readonly updatedAt: Timestamp;
  readonly deletedAt: Timestamp | null;
  readonly task?: TaskDetails;
  /** Of what was imported; of a past version only as far as it is still the origin. */
  readonly origin?: Origin;
  readonly enrichment: { readonly status: EnrichmentStatus };
}

export interface Relation {
  readonly id: RelationId;
  readonly sourceId: EntityId;
  readonly targetId: EntityId;
  readonly type: RelationType;
  readonly createdAt: Timestamp;
}

export const entityTypeSchema = z.enum(EntityType);
export const relationTypeSchema = z.enum(RelationType);
export const taskStatusSchema = z.enum(TaskStatus);
export const instantSchema = instant;
