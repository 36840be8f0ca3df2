import { z } from 'zod';
import { reads, router } from '../trpc.ts';
import { entityRef } from './input.ts';

const MAX_DEPTH = 3;

export const graph = router({
  neighbors: reads
    .input(z.object({ id: entityRef, depth: z.int().min(1).max(MAX_DEPTH).default(1) }))
    .query(({ ctx, input: { id, depth } }) => ctx.storage.getNeighbors(id, ctx.userId, depth)),
});
