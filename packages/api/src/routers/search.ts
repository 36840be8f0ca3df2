import { entityTypeSchema, SynapError } from '@synap/types';
import { z } from 'zod';
import { reads, router } from '../trpc.ts';
import { given, searchInput } from './input.ts';

export const search = router({
  query: reads
    .input(
      searchInput.extend({
        mode: z.enum(['hybrid', 'text', 'semantic']).default('hybrid'),
        types: z.array(entityTypeSchema).max(20).optional(),
        explain: z.boolean().default(false),
      }),
    )
    .query(({ ctx, input: { mode, query, ...options } }) => {
      if (mode === 'semantic') {
        throw new SynapError(
          'SEARCH_MODE_UNAVAILABLE',
          'This Synap cannot search by meaning yet. Use the mode "text" or "hybrid".',
        );
      }
      return ctx.services.search.search(ctx.userId, { query, ...given(options) });
    }),
});
