/**
 * The closed vocabularies of Synap. Each is an `as const` object (so that the sources run under Node's type stripping)
 * with a union type of the same name.
 */

export const AggregateType = { ENTITY: 'entity', RELATION: 'relation', USER: 'user' } as const;
export type AggregateType = (typeof AggregateType)[keyof typeof AggregateType];

export const EntityType = {
  NOTE: 'note',
  TASK: 'task',
  PROJECT: 'project',
  PAGE: 'page',
  EVENT: 'event',
  IDEA: 'idea',
  FILE: 'file',
} as const;
export type EntityType = (typeof EntityType)[keyof typeof EntityType];

export const EventType = {
  ENTITY_CREATED: 'entity.created',
  ENTITY_UPDATED: 'entity.updated',
  ENTITY_TITLE_CHANGED: 'entity.title_changed',
  ENTITY_FILE_UPLOADED: 'entity.file_uploaded',
  ENTITY_DELETED: 'entity.deleted',
  ENTITY_RESTORED: 'entity.restored',
  TASK_STATUS_CHANGED: 'task.status_changed',
  TASK_COMPLETED: 'task.completed',
  RELATION_CREATED: 'relation.created',
  RELATION_DELETED: 'relation.deleted',
  AI_ANALYSIS_REQUESTED: 'ai.analysis_requested',
  AI_ENRICHMENT_COMPLETED: 'ai.enrichment_completed',
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

export const FileType = {
  MARKDOWN: 'markdown',
  PDF: 'pdf',
  AUDIO: 'audio',
  VIDEO: 'video',
  IMAGE: 'image',
  OTHER: 'other',
} as const;
export type FileType = (typeof FileType)[keyof typeof FileType];

export const TaskStatus = {
  TODO: 'todo',
  IN_PROGRESS: 'in_progress',
  DONE: 'done',
  CANCELLED: 'cancelled',
} as const;
export type TaskStatus = (typeof TaskStatus)[keyof typeof TaskStatus];

/** Who caused an event. */
export const EventSource = {
  API: 'api',
  AUTOMATION: 'automation',
  SYNC: 'sync',
  MIGRATION: 'migration',
  SYSTEM: 'system',
} as const;
export type EventSource = (typeof EventSource)[keyof typeof EventSource];

export const RelationType = {
  CONTAINS: 'contains',
  RELATES_TO: 'relates_to',
  BLOCKS: 'blocks',
  DUPLICATES: 'duplicates',
  MENTIONS: 'mentions',
  DERIVED_FROM: 'derived_from',
} as const;
export type RelationType = (typeof RelationType)[keyof typeof RelationType];

/** What an API key may do. Each scope includes the ones before it. */
export const KeyScope = { READ: 'read', WRITE: 'write', ADMIN: 'admin' } as const;
export type KeyScope = (typeof KeyScope)[keyof typeof KeyScope];
