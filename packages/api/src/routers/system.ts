import { reads, router } from '../trpc.ts';

export const system = router({
  info: reads.query(({ ctx }) => ctx.services.info()),
});
