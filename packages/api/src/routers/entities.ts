import { entityTypeSchema, taskStatusSchema } from '@synap/types';
import { z } from 'zod';
import { reads, router, writes } from '../trpc.ts';
import { date, entityAt, entityRef, given, idempotency, page, retryable, tag, taskInput, version } from './input.ts';

const list = z
  .object({
    type: entityTypeSchema.optional(),
    tag: tag.optional(),
    status: taskStatusSchema.optional(),
    at: date.optional(),
    deleted: z.boolean().optional(),
    // There is one order; to name it is no fault, to ask for another is.
    order: z.literal('createdAt desc').optional(),
    ...page,
  })
  .prefault({});

const change = { id: entityRef, expectedVersion: version.optional() };

export const entities = router({
  create: writes
    .input(
      z.object({
        type: entityTypeSchema,
        title: z.string().nullish(),
        content: z.string().optional(),
        tags: z.array(z.string()).optional(),
        task: taskInput.optional(),
        ...retryable,
      }),
    )
    .mutation(({ ctx, input }) => {
      const { type, title, content, tags, task } = input;
      return ctx.storage.createEntity(
        { userId: ctx.userId, type, ...given({ title, content, tags, task }) },
        { ...ctx.write, ...idempotency('entities.create', input) },
      );
    }),

  get: reads
    .input(entityAt)
    .query(({ ctx, input: { id, version, at } }) => ctx.storage.getEntity(id, ctx.userId, given({ version, at }))),

  content: reads.input(entityAt).query(async ({ ctx, input: { id, ...when } }) => {
    const { version, checksum } = await ctx.storage.getEntity(id, ctx.userId, given(when));
    // By its version, so that what comes after belongs to the same state.
    const content = await ctx.storage.getEntityContent(id, ctx.userId, { version });
    return { content, checksum, version };
  }),

  links: reads
    .input(z.object({ id: entityRef, version: version.optional() }))
    .query(async ({ ctx, input: { id, version } }) => ({ items: await ctx.imports.links(ctx.userId, id, version) })),

  list: reads.input(list).query(({ ctx, input: { order: _, ...query } }) => {
    return ctx.storage.listEntities(ctx.userId, given(query));
  }),

  update: writes
    .input(
      z.object({
        ...change,
        title: z.string().nullable().optional(),
        content: z.string().optional(),
        tags: z.array(z.string()).optional(),
        task: taskInput.optional(),
        ...retryable,
      }),
    )
    .mutation(({ ctx, input }) => {
      const { id, expectedVersion, title, content, tags, task } = input;
      return ctx.storage.updateEntity(id, ctx.userId, given({ title, content, tags, task }), {
        ...ctx.write,
        ...given({ expectedVersion }),
        ...idempotency('entities.update', input),
      });
    }),

  delete: writes.input(z.object(change)).mutation(({ ctx, input: { id, expectedVersion } }) => {
    return ctx.storage.deleteEntity(id, ctx.userId, { ...ctx.write, ...given({ expectedVersion }) });
  }),

  restore: writes
    .input(z.object({ ...change, version: version.optional() }))
    .mutation(({ ctx, input: { id, ...options } }) => {
      return ctx.storage.restoreEntity(id, ctx.userId, { ...ctx.write, ...given(options) });
    }),

  history: reads.input(z.object({ id: entityRef, ...page })).query(({ ctx, input: { id, ...query } }) => {
    return ctx.storage.getHistory(id, ctx.userId, given(query));
  }),
});
