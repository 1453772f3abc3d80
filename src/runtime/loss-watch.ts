/**
 * Says in the log that messages of the stream are missing which no worker saw being removed (invariant 14).
 *
 * Job: compares, now and then, what all partitions have taken with the stream's sequences they have passed. Boundary:
 * committed checkpoints; asks nobody.
 */
import type { Clock } from '../model/clock.ts';
import { knownMissing, missingMessages } from '../model/ledger-points.ts';
import type { Log } from '../model/log.ts';
import type { WatchedCluster } from './cluster-view.ts';

const LOOK_MS = 5_000;

export function startLossWatch({ cluster, clock, log }: { cluster: WatchedCluster; clock: Clock; log: Log }): {
  stop(): Promise<void>;
} {
  const stop = new AbortController();
  const running = (async (): Promise<void> => {
    let said = 0;
    let before = 0;
    while (!stop.signal.aborted) {
      const books = cluster.books();
      const missing = missingMessages(books, cluster.partitions) ?? 0;
      const unseen = missing - knownMissing(books.flatMap(({ gaps }) => gaps));
      // Twice the same: what a worker has seen a moment ago may not be in its checkpoint yet.
      if (unseen > said && unseen === before) {
        said = unseen;
        log.error(
          `${String(unseen)} messages of the stream were removed before anybody had read them; \`hourglass audit\` shows what is missing`,
        );
      }
      before = unseen;
      await clock.sleep(LOOK_MS, stop.signal);
    }
  })();
  return {
    stop: async () => {
      stop.abort();
      await running;
    },
  };
}
