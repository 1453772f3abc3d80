/**
 * What every node can see of all partitions: their committed manifests, watched in the bucket.
 *
 * Job: which hours are final (invariant 7), how far the stream may be trimmed (invariant 12), and the committed books
 * of all partitions (invariant 14).
 * Boundary: reads manifests; asks nobody.
 */
import { Kvm } from '@nats-io/kv';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ClusterView } from '../model/cluster.ts';
import type { PartitionBooks } from '../model/ledger.ts';
import { CHECKPOINT_BUCKET } from './checkpoint-bucket.ts';
import { manifestKey } from './checkpoint-store.ts';
import { decodeManifest, type Manifest } from './manifest.ts';
import type { Topology } from './topology.ts';

export interface WatchedCluster extends ClusterView {
  /** The least next sequence to read of all committed checkpoints; 1 while one is unknown. */
  leastPosition(): number;
  /** Who made the partition's last commit; null where none is known. */
  ownerOf(partition: number): string | null;
  /** The committed books of every partition that has a checkpoint, by partition. */
  books(): readonly PartitionBooks[];
  /** Rises when a partition's rows in the tables may have changed: a block was sealed, or confirmed to be readable. */
  dataVersion(): number;
  /** True where no block is on its way: while {@link dataVersion} is the same, the tables are the same. */
  tablesAreSettled(): boolean;
  close(): Promise<void>;
}

/** Resolves when every manifest that is there has been seen. */
export async function watchCluster(nc: NatsConnection, topology: Topology): Promise<WatchedCluster> {
  const states = new Map<number, NonNullable<Manifest['state']>>();
  const blocks = new Map<number, string>();
  const owners = new Map<number, string>();
  /** Partitions with blocks that may not be in the tables yet, or are to be deleted from them. */
  const unsettled = new Set<number>();
  let dataVersion = 0;
  const kv = await new Kvm(nc).open(CHECKPOINT_BUCKET);
  let initialized: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => (initialized = resolve));
  const watcher = await kv.watch({ key: manifestKey(0).replace('0', '*') });
  const reading = (async (): Promise<void> => {
    for await (const entry of watcher) {
      if (entry.operation === 'PUT') {
        const manifest = decodeManifest(entry.value);
        const { partition, state, owner } = manifest;
        owners.set(partition, owner);
        if (state !== null) states.set(partition, state);
        const known = blocksOf(manifest);
        if (blocks.get(partition) !== known) dataVersion++;
        blocks.set(partition, known);
        if (manifest.blocks.length + manifest.lost.length > 0) unsettled.add(partition);
        else unsettled.delete(partition);
      }
      if (entry.delta === 0) initialized();
    }
  })();
  const values = await kv.status();
  if (values.values <= 1) initialized();
  await Promise.race([ready, reading]);

  const least = (of: (state: NonNullable<Manifest['state']>) => number, unknown: number): number => {
    if (states.size < topology.partitions) return unknown;
    let found = Infinity;
    for (const state of states.values()) found = Math.min(found, of(state));
    return found;
  };
  return {
    partitions: topology.partitions,
    incarnation: topology.incarnation,
    finalThroughMs: () => least((state) => state.finalThroughMs, 0),
    watermarkMs: () => least((state) => state.watermarkMs, 0),
    books: () =>
      [...states].map(([partition, state]) => ({ partition, ...state })).sort((a, b) => a.partition - b.partition),
    dataVersion: () => dataVersion,
    tablesAreSettled: () => unsettled.size === 0,
    ownerOf: (partition) => owners.get(partition) ?? null,
    leastPosition: () => least((state) => state.position, 1),
    close: async () => {
      watcher.stop();
      await reading;
    },
  };
}

/** Which blocks a partition has, and which of them may not be readable yet. */
function blocksOf({ state, blocks, lost, incarnation }: Manifest): string {
  const waiting = blocks.map(({ block }) => block);
  const deleted = lost.map(({ fromBlock, toBlock }) => `${String(fromBlock)}-${String(toBlock)}`);
  return [incarnation, state?.nextBlock, '/', ...waiting, '/', ...deleted].join(' ');
}
