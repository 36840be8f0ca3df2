import { reads, router } from '../trpc.ts';

export const tags = router({
  list: reads.query(({ ctx }) => ctx.storage.listTags(ctx.userId)),
});
