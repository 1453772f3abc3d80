/**
 * The operator's word that messages which are gone from the stream will not come back (invariant 10).
 *
 * Job: moves the checkpoints of partitions that wait for them to the stream's first message. Boundary: manifests only;
 * an owner that still runs loses its fence, drops its memory and is started again from here.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '../model/clock.ts';
import type { CheckpointStore, StreamHistory } from './ports.ts';

export interface AcceptedLoss {
  readonly partition: number;
  /** Stream sequences that are gone, both inclusive; how many of them were this partition's nobody knows. */
  readonly from: number;
  readonly to: number;
}

export async function acceptLostMessages(
  { store, history, clock }: { store: CheckpointStore; history: StreamHistory; clock: Clock },
  partitions: number,
): Promise<AcceptedLoss[]> {
  const { firstSequence } = await history.bounds();
  const accepted: AcceptedLoss[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const stored = await store.load(partition);
    const state = stored?.manifest.state;
    if (stored === null || !state || state.position >= firstSequence) continue;
    const { manifest, revision } = stored;
    await store.swap(
      {
        ...manifest,
        epoch: manifest.epoch + 1,
        attempt: randomUUID(),
        owner: 'hourglass migrate --accept-lost-messages',
        committedMs: clock.nowMs(),
        state: { ...state, position: firstSequence },
      },
      revision,
    );
    accepted.push({ partition, from: state.position, to: firstSequence - 1 });
  }
  return accepted;
}
