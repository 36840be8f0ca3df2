import { EntityType, taskStatusSchema } from '@synap/types';
import { z } from 'zod';
import { reads, router, writes } from '../trpc.ts';
import { entityRef, given, page, version } from './input.ts';

export const tasks = router({
  setStatus: writes
    .input(z.object({ id: entityRef, status: taskStatusSchema, expectedVersion: version.optional() }))
    .mutation(({ ctx, input: { id, status, expectedVersion } }) => {
      return ctx.storage.setTaskStatus(id, ctx.userId, status, { ...ctx.write, ...given({ expectedVersion }) });
    }),

  list: reads
    .input(z.object({ status: taskStatusSchema.optional(), ...page }).prefault({}))
    .query(({ ctx, input }) => ctx.storage.listEntities(ctx.userId, { type: EntityType.TASK, ...given(input) })),
});
