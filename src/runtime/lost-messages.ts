/**
 * Messages that were removed from the stream before a partition had read them (invariant 14).
 *
 * Job: into the books of the partition, and into the log, once. Boundary: what is gone, the stream says.
 */
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import type { PartitionRunner } from './partition-runner.ts';
import type { SequenceRange, StreamHistory } from './ports.ts';

/** A broker that is just starting is asked again this often. */
const RETRY_MS = 250;

/** Asks the broker until it answers. */
export async function askHistory<T>(
  { history, clock }: { history: StreamHistory; clock: Clock },
  ask: (history: StreamHistory) => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await ask(history);
    } catch (error) {
      if (!history.passes(error)) throw error;
      await clock.sleep(RETRY_MS);
    }
  }
}

/** @param unread the first sequence that the partition had not read when they were removed. */
export function missRanges(
  { actor, partition }: PartitionRunner,
  gone: readonly SequenceRange[],
  unread: number,
  log: Log,
): void {
  for (const { from, to } of gone) {
    if (to < unread || actor.miss(Math.max(from, unread), to) === 0) continue;
    log.error(
      `partition ${String(partition)}: messages ${String(Math.max(from, unread))} to ${String(to)} were removed from the stream before it had read them; \`hourglass audit\` shows what is missing`,
    );
  }
}
