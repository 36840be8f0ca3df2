import { z } from 'zod';
import { router, writes } from '../trpc.ts';

export const capture = router({
  /** `context` is what V0.2's clients send along for the analysis; it is part of no entity. */
  thought: writes
    .input(z.object({ content: z.string(), context: z.json().optional() }))
    .mutation(async ({ ctx, input }) => {
      const { id } = await ctx.workflows.captureThought(input.content, ctx.write);
      return { success: true, message: 'The thought is kept.', entityId: id };
    }),
});
