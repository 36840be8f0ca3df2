import { EntityType } from '@synap/types';
import { z } from 'zod';
import { reads, router, writes } from '../trpc.ts';
import { given, idempotency, retryable, searchInput } from './input.ts';

/** Where the API serves an entity's content. */
function fileUrlOf(id: string): string {
  return `/api/v1/entities/${id}/content`;
}

export const notes = router({
  create: writes
    .input(
      z.object({
        content: z.string(),
        title: z.string().optional(),
        tags: z.array(z.string()).optional(),
        autoEnrich: z.boolean().default(true),
        ...retryable,
        // V0.2's clients send these: what the text came from, and a switch of the search.
        inputType: z.enum(['text', 'audio']).optional(),
        audioUrl: z.string().optional(),
        useRAG: z.boolean().optional(),
      }),
    )
    .mutation(async ({ ctx, input }) => {
      const { content } = input;
      const note = await ctx.workflows.captureNote(
        { content, ...given({ title: input.title, tags: input.tags }) },
        { ...ctx.write, ...idempotency('notes.create', input) },
      );
      return { success: true, entityId: note.id, version: note.version, note, fileUrl: fileUrlOf(note.id) };
    }),

  search: reads
    // `useRAG` is what V0.2's clients send along.
    .input(searchInput.extend({ useRAG: z.boolean().optional() }))
    .query(async ({ ctx, input: { useRAG: _, ...input } }) => {
      const types = [EntityType.NOTE];
      const { items } = await ctx.services.search.search(ctx.userId, { ...given(input), query: input.query, types });
      return items.map(({ entity: note, ...found }) => ({ note, ...found }));
    }),
});
