/**
 * The operator's word that messages which are gone from the stream will not come back (invariants 10 and 14).
 *
 * Job: moves the checkpoints of partitions that wait for them to the stream's first message, and marks every loss in the
 * books as accepted; there it stays. Boundary: manifests only; an owner that still runs loses its fence, drops its memory and
 * is started again from here.
 */
import { randomUUID } from 'node:crypto';
import { addGap, gapOf } from '../actors/gaps.ts';
import type { Clock } from '../model/clock.ts';
import type { Gap } from '../model/ledger.ts';
import { knownMissing, missingMessages } from '../model/ledger-points.ts';
import type { CheckpointStore, StoredManifest, StreamHistory } from './ports.ts';

export interface AcceptedLoss {
  readonly partition: number;
  /** Of the stream; how many of them were this partition's nobody knows. */
  readonly gaps: readonly Gap[];
}

export interface Acceptance {
  readonly losses: readonly AcceptedLoss[];
  /** Messages that are missing somewhere in the stream, without any worker having seen where. */
  readonly unseen: number;
}

interface Ports {
  readonly store: CheckpointStore;
  readonly history: StreamHistory;
  readonly clock: Clock;
}

export async function acceptLostMessages(ports: Ports, partitions: number): Promise<Acceptance> {
  const { firstSequence } = await ports.history.bounds();
  const losses: AcceptedLoss[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const gaps = await acceptOf(ports, partition, firstSequence);
    if (gaps.length > 0) losses.push({ partition, gaps });
  }
  return { losses, unseen: await acceptUnseen(ports, partitions) };
}

async function acceptOf(ports: Ports, partition: number, firstSequence: number): Promise<Gap[]> {
  const stored = await ports.store.load(partition);
  const state = stored?.manifest.state;
  if (stored === null || !state) return [];
  let { gaps } = state;
  if (state.position < firstSequence) ({ gaps } = addGap(gaps, gapOf(state.position, firstSequence - 1)));
  const accepted = gaps.filter((gap) => !gap.accepted);
  if (accepted.length === 0) return [];
  await commit(ports, stored, {
    position: Math.max(state.position, firstSequence),
    gaps: gaps.map((gap) => ({ ...gap, accepted: true })),
  });
  return accepted;
}

/** Where the books of all partitions together say that more is missing than anybody has seen. */
async function acceptUnseen(ports: Ports, partitions: number): Promise<number> {
  const stored: StoredManifest[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const found = await ports.store.load(partition);
    if (found !== null) stored.push(found);
  }
  const books = stored.flatMap(({ manifest: { partition, state } }) =>
    state === null ? [] : [{ partition, ...state }],
  );
  const missing = missingMessages(books, partitions) ?? 0;
  const unseen = missing - knownMissing(books.flatMap(({ gaps }) => gaps));
  const first = stored[0];
  if (unseen <= 0 || !first?.manifest.state) return 0;
  const { gaps, position } = first.manifest.state;
  // Anywhere: it belongs to no partition, and one of them keeps it.
  const anywhere: Gap = { from: 1, to: Math.max(position - 1, unseen + 1), sequences: unseen, accepted: true };
  await commit(ports, first, { position, gaps: [anywhere, ...gaps] });
  return unseen;
}

async function commit(
  { store, clock }: Ports,
  { manifest, revision }: StoredManifest,
  changed: { position: number; gaps: readonly Gap[] },
): Promise<void> {
  const { state } = manifest;
  if (state === null) return;
  await store.swap(
    {
      ...manifest,
      epoch: manifest.epoch + 1,
      attempt: randomUUID(),
      owner: 'hourglass migrate --accept-lost-messages',
      committedMs: clock.nowMs(),
      state: { ...state, ...changed },
    },
    revision,
  );
}
