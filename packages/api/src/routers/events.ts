import type { EventRecord } from '@synap/types';
import { z } from 'zod';
import { reads, router } from '../trpc.ts';
import { entityRef, given, limit } from './input.ts';

/** A position: what `nextCursor` of the page before said. */
const before = z.union([
  z.int().min(1),
  z
    .string()
    .regex(/^[1-9]\d{0,14}$/)
    .transform(Number),
]);

/** An event as its user reads it: the private fields with the others, and nothing of where we store things. */
function shown(event: EventRecord) {
  const { id, position, aggregateId, aggregateType, version, timestamp, source, correlationId } = event;
  const { key: _, ...data } = event.data;
  return {
    id,
    position,
    type: event.eventType,
    aggregateId,
    aggregateType,
    version,
    timestamp,
    source,
    data: { ...data, ...event.private },
    correlationId,
  };
}

export const events = router({
  /** Newest first. */
  list: reads
    .input(
      z
        .object({
          type: z.string().max(200).optional(),
          aggregateId: entityRef.optional(),
          before: before.optional(),
          limit,
        })
        .prefault({}),
    )
    .query(async ({ ctx, input }) => {
      const query = { ...given(input), limit: input.limit + 1 };
      const records = await ctx.services.events.getUserEvents(ctx.userId, query);
      const items = records.slice(0, input.limit).map(shown);
      const last = records.length > input.limit ? items.at(-1) : undefined;
      return { items, nextCursor: last ? String(last.position) : null };
    }),
});
