import { relationTypeSchema } from '@synap/types';
import { z } from 'zod';
import { reads, router, writes } from '../trpc.ts';
import { entityRef, given, page, relationRef } from './input.ts';

export const relations = router({
  create: writes
    .input(z.object({ sourceId: entityRef, targetId: entityRef, type: relationTypeSchema }))
    .mutation(({ ctx, input }) => ctx.storage.createRelation({ userId: ctx.userId, ...input }, ctx.write)),

  delete: writes.input(z.object({ id: relationRef })).mutation(async ({ ctx, input }) => {
    await ctx.storage.deleteRelation(input.id, ctx.userId, ctx.write);
    return { success: true };
  }),

  list: reads
    .input(z.object({ id: entityRef.optional(), ...page }).prefault({}))
    .query(({ ctx, input }) => ctx.storage.listRelations(ctx.userId, given(input))),
});
