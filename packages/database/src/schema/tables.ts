import { bigint, integer, pgSchema, primaryKey, text, timestamp, uuid, vector } from 'drizzle-orm/pg-core';

/**
 * What the query builder knows of the tables that migrations/ makes. A test reads every column of each, so that the two
 * cannot drift apart.
 */
export const synap = pgSchema('synap');

const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'string' });
const long = (name: string) => bigint(name, { mode: 'number' });

const entityColumns = {
  id: uuid('id').notNull(),
  userId: text('user_id').notNull(),
  type: text('type').notNull(),
  title: text('title'),
  preview: text('preview').notNull(),
  tags: text('tags').array().notNull(),
  path: text('path'),
  filePath: text('file_path'),
  fileSize: long('file_size'),
  fileType: text('file_type'),
  checksum: text('checksum'),
  version: integer('version').notNull(),
  position: long('position').notNull(),
  createdAt: time('created_at').notNull(),
  updatedAt: time('updated_at').notNull(),
  deletedAt: time('deleted_at'),
};

const taskColumns = {
  status: text('status'),
  priority: integer('priority'),
  dueDate: time('due_date'),
  completedAt: time('completed_at'),
};

export const entities = synap.table('entities', {
  ...entityColumns,
  id: uuid('id').primaryKey(),
  fileUrl: text('file_url'),
});

/** Every version of every entity, the newest too, with the end of its validity. */
export const entityVersions = synap
  .view('entity_versions', { ...entityColumns, ...taskColumns, validTo: time('valid_to').notNull() })
  .existing();

export const taskDetails = synap.table('task_details', {
  entityId: uuid('entity_id').primaryKey(),
  userId: text('user_id').notNull(),
  ...taskColumns,
  position: long('position').notNull(),
});

export const tags = synap.table('tags', {
  id: uuid('id').primaryKey(),
  userId: text('user_id').notNull(),
  name: text('name').notNull(),
  color: text('color'),
  createdAt: time('created_at').notNull(),
});

export const entityTags = synap.table(
  'entity_tags',
  { entityId: uuid('entity_id').notNull(), tagId: uuid('tag_id').notNull(), userId: text('user_id').notNull() },
  (table) => [primaryKey({ columns: [table.entityId, table.tagId] })],
);

export const relations = synap.table('relations', {
  id: uuid('id').primaryKey(),
  userId: text('user_id').notNull(),
  sourceEntityId: uuid('source_entity_id').notNull(),
  targetEntityId: uuid('target_entity_id').notNull(),
  type: text('type').notNull(),
  position: long('position').notNull(),
  createdAt: time('created_at').notNull(),
});

export const entityOrigins = synap.table('entity_origins', {
  entityId: uuid('entity_id').primaryKey(),
  userId: text('user_id').notNull(),
  source: text('source').notNull(),
  path: text('path').notNull(),
  name: text('name').notNull(),
  checksum: text('checksum').notNull(),
  modifiedAt: time('modified_at').notNull(),
  version: integer('version').notNull(),
  position: long('position').notNull(),
});

export const entityVectors = synap.table('entity_vectors', {
  entityId: uuid('entity_id').primaryKey(),
  userId: text('user_id').notNull(),
  entityVersion: integer('entity_version').notNull(),
  embedding: vector('embedding', { dimensions: 1536 }),
  embeddingModel: text('embedding_model').notNull(),
  entityType: text('entity_type'),
  title: text('title'),
  preview: text('preview'),
  indexedAt: time('indexed_at').notNull(),
});
