import { indexLibrary } from '@synap/api';
import { type Finding, type Progress, rebuildProjections, verifyEvents, verifyProjections } from '@synap/database';
import { SynapError } from '@synap/types';
import type { Stores } from '../stores.ts';
import { verifyContent } from './content.ts';
import { CHECKS, type Counts, type Reporter, type VerifyOptions } from './messages.ts';

/** Milliseconds between two words about progress. */
const PROGRESS_EVERY_MS = 200;

function nowAndThen(show: (progress: Progress) => void): (progress: Progress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    if (performance.now() - last < PROGRESS_EVERY_MS) return;
    last = performance.now();
    show(progress);
  };
}

/** Checks the library and tells every finding; the last message is the summary. Writes may go on meanwhile. */
export async function verifyLibrary(stores: Stores, options: VerifyOptions, reporter: Reporter): Promise<void> {
  const counts: Counts = {};
  let findings = 0;
  const tell = async (finding: Finding): Promise<void> => {
    findings++;
    await reporter.tell({ event: 'finding', finding });
  };
  const show = nowAndThen((progress) => reporter.progress(progress));
  for (const check of CHECKS.filter((name) => options.checks.includes(name))) {
    const onProgress = (progress: Progress): void => {
      if (progress.check === check) counts[check] = progress.done;
      show(progress);
    };
    counts[check] = 0;
    if (check === 'content') {
      counts.content = await verifyContent(stores.database, stores.objects, {
        ...(options.sample !== undefined && { sample: options.sample }),
        onFinding: tell,
        onProgress: (done) => show({ check, done, total: 0 }),
      });
    } else {
      const verify = check === 'events' ? verifyEvents : verifyProjections;
      for await (const finding of verify(stores.database, { onProgress })) await tell(finding);
    }
  }
  await reporter.tell({ event: 'verified', counts, findings });
}

/** Rebuilds the projections beside the live ones and swaps them, and the search index in its place, bit by bit. */
export async function rebuildLibrary(stores: Stores, reporter: Reporter): Promise<void> {
  const onProgress = nowAndThen((progress) => reporter.progress(progress));
  const { events } = await rebuildProjections(stores.database, { onProgress });
  const unindexed = new Set<string>();
  const indexed = await indexLibrary(stores.database, stores.objects, {
    all: true,
    onProgress: (done) => onProgress({ check: 'search', done, total: 0 }),
    onFailure: (id) => unindexed.add(id),
  });
  await reporter.tell({ event: 'rebuilt', events, indexed, unindexed: [...unindexed] });
}

/** Lets one piece of maintenance run at a time: two would build their projections in the same place. */
export class OneAtATime {
  #busy = false;

  /** @throws {SynapError} `OVERLOADED` while another one runs */
  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#busy) {
      throw new SynapError('OVERLOADED', 'Another verification or rebuild is under way. Try again when it is done.');
    }
    this.#busy = true;
    try {
      return await work();
    } finally {
      this.#busy = false;
    }
  }
}
