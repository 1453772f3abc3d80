/**
 * Is the stream still the one that a checkpoint was made from, and whole from its position on? (invariant 10)
 *
 * Job: compares what a checkpoint remembers with what the broker has. Boundary: asks the broker; stops nothing itself.
 * Why before anything else: blocks of a lost commit may be deleted only where the stream can give their readings again.
 */
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { IncarnationMismatch } from '../model/errors.ts';
import type { Manifest } from './manifest.ts';
import { READINGS_STREAM } from './message-source.ts';
import { passesByItself } from './nats-errors.ts';
import type { SequenceRange, StreamHistory } from './ports.ts';

const RESTORE = 'Restore the stream READINGS and the bucket HOURGLASS from one backup.';
const ACCEPT = 'If that is lost for good, stop all workers and run `hourglass migrate --accept-lost-messages`.';

/**
 * @param highestBlock of the partition in the tables, 0 where there is none.
 * @throws {IncarnationMismatch} where messages are missing, or stream, checkpoint and tables do not belong together.
 */
export async function assertSameHistory(
  { partition, state }: Pick<Manifest, 'partition' | 'state'>,
  history: StreamHistory,
  highestBlock: number,
): Promise<void> {
  const mismatch = (what: string, advice: string): IncarnationMismatch =>
    new IncarnationMismatch(partition, what, advice);
  if (state === null) {
    if (highestBlock === 0) return;
    throw mismatch(
      `the tables hold its rows up to block ${String(highestBlock)}, but its checkpoint is gone`,
      'Restore the bucket HOURGLASS; nothing is read or deleted meanwhile.',
    );
  }
  const { position, lastSequence, lastReceivedMs } = state;
  const { firstSequence, lastSequence: newest } = await history.bounds();
  if (position - 1 > newest) {
    throw mismatch(
      `its checkpoint has read to ${String(position - 1)}, but the stream ends at ${String(newest)}: it is older than the checkpoint`,
      RESTORE,
    );
  }
  // 0: it has taken none yet. A stream that never had a message begins at 0 too, and must not be asked for it.
  if (lastSequence > 0 && lastSequence >= firstSequence) {
    const foundMs = await history.receivedMs(lastSequence);
    if (foundMs !== null && foundMs !== lastReceivedMs) {
      throw mismatch(
        `message ${String(lastSequence)} is another one than its checkpoint has read (${timeText(foundMs)}, not ${timeText(lastReceivedMs)})`,
        RESTORE,
      );
    }
  }
  if (firstSequence > position) {
    throw mismatch(
      `messages ${String(position)} to ${String(firstSequence - 1)} were removed from the stream before they were counted`,
      `${RESTORE} ${ACCEPT}`,
    );
  }
}

export class NatsStreamHistory implements StreamHistory {
  readonly #nc: NatsConnection;
  #jsm: JetStreamManager | null = null;

  constructor(nc: NatsConnection) {
    this.#nc = nc;
  }

  async bounds(): Promise<{ firstSequence: number; lastSequence: number }> {
    const { state } = await (await this.#manager()).streams.info(READINGS_STREAM);
    return { firstSequence: state.first_seq, lastSequence: state.last_seq };
  }

  async receivedMs(sequence: number): Promise<number | null> {
    const message = await (await this.#manager()).streams.getMessage(READINGS_STREAM, { seq: sequence });
    return message === null ? null : message.time.getTime();
  }

  async gone(from: number, to: number): Promise<readonly SequenceRange[]> {
    const jsm = await this.#manager();
    const { state } = await jsm.streams.info(READINGS_STREAM, { deleted_details: true });
    const { first_seq: first, last_seq: last } = state;
    const deleted = state.num_deleted > 0 ? state.deleted : [];
    const ranges: { from: number; to: number }[] = [];
    if (first > from) ranges.push({ from, to: Math.min(first - 1, to) });
    for (const sequence of deleted.filter((one) => one >= Math.max(from, first) && one <= Math.min(to, last))) {
      const range = ranges.at(-1);
      if (range?.to === sequence - 1) range.to = sequence;
      else ranges.push({ from: sequence, to: sequence });
    }
    return ranges;
  }

  passes(error: unknown): boolean {
    return passesByItself(error) && !this.#nc.isClosed();
  }

  async #manager(): Promise<JetStreamManager> {
    this.#jsm ??= await jetstreamManager(this.#nc, { checkAPI: false });
    return this.#jsm;
  }
}

function timeText(ms: number): string {
  return new Date(ms).toISOString();
}
