import { router } from '../trpc.ts';
import { capture } from './capture.ts';
import { entities } from './entities.ts';
import { events } from './events.ts';
import { files } from './files.ts';
import { graph } from './graph.ts';
import { imports } from './imports.ts';
import { keys } from './keys.ts';
import { notes } from './notes.ts';
import { relations } from './relations.ts';
import { search } from './search.ts';
import { system } from './system.ts';
import { tags } from './tags.ts';
import { tasks } from './tasks.ts';

export const appRouter = router({
  notes,
  capture,
  entities,
  tasks,
  tags,
  relations,
  graph,
  events,
  files,
  imports,
  keys,
  search,
  system,
});

/** The type that clients are made from; nothing else of this package belongs in a client. */
export type AppRouter = typeof appRouter;
