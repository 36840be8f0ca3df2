import { indexLibrary } from '@synap/api';
import type { Logger } from './log.ts';
import type { Stores } from './stores.ts';

/** Work that goes on while the server answers. */
export interface BackgroundWork {
  /** Ends it after the step that is under way. Harmless when repeated. */
  stop(): Promise<void>;
}

/**
 * Indexes what an older Synap wrote without an index, or with another analysis. Until it is done the search finds all
 * the rest; if it fails, the next start goes on with it.
 */
export function indexInBackground({ database, objects }: Stores, log: Logger): BackgroundWork {
  const stopping = new AbortController();
  const running = indexLibrary(database, objects, {
    signal: stopping.signal,
    onFailure: (entityId, err) => log.error({ err, entityId }, 'a content could not be indexed for the search'),
  }).then(
    (indexed) => {
      if (indexed > 0) log.info({ indexed }, 'indexed for the search');
    },
    (error: unknown) => log.error({ err: error }, 'indexing for the search failed; the next start goes on with it'),
  );
  return {
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}
