/**
 * Removes from READINGS what every partition has used (invariant 12).
 *
 * Job: purges below the least committed position as it was one replay period ago. Boundary: never looks at messages.
 * Invariant: what no committed checkpoint has used is never removed; after a start it waits a whole period again.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { WatchedCluster } from './cluster-view.ts';
import { READINGS_STREAM } from './message-source.ts';

const LOOK_MS = 10_000;

export function startTrimmer(
  ports: { nc: NatsConnection; cluster: WatchedCluster; clock: Clock; log: Log },
  replayMs: number,
): { stop(): Promise<void> } {
  const { nc, cluster, clock, log } = ports;
  const stop = new AbortController();
  const seen: { atMs: number; position: number }[] = [];
  let trimmed = 1;
  const running = (async (): Promise<void> => {
    while (!stop.signal.aborted) {
      const nowMs = clock.monotonicMs();
      seen.push({ atMs: nowMs, position: cluster.leastPosition() });
      let old: number | null = null;
      while (seen.length > 0 && seen[0]!.atMs <= nowMs - replayMs) old = seen.shift()!.position;
      if (old !== null && old > trimmed) {
        try {
          const jsm = await jetstreamManager(nc, { checkAPI: false });
          await jsm.streams.purge(READINGS_STREAM, { seq: old });
          trimmed = old;
        } catch (error) {
          log.warn(`the stream could not be trimmed, trying again: ${String(error)}`);
        }
      }
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
