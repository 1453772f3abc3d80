/**
 * What a checkpoint is: the manifest of a partition, and the bytes of the blobs it lists.
 *
 * Job: types, and the codec with its version. Boundary: no I/O. A manifest is JSON, to be read by people
 * (`nats kv get`); blobs are MessagePack (series, sessions, rejects) or raw cells (windows) and columns (blocks).
 * Invariant 1: position, windows and outbox are committed as one: by the swap of this manifest.
 */
import { Packr } from 'msgpackr';
import { z } from 'zod';
import type { ActorState } from '../actors/actor-state.ts';
import type { Reject } from '../actors/rejects.ts';
import type { SeriesSegment } from '../actors/series-index.ts';
import type { SourceSessions } from '../actors/source-sequence.ts';
import type { BlobRef } from './ports.ts';

/** 2: blocks are columns. Those of 1 were rows, which actors/row-blocks.ts reads. */
export const MANIFEST_VERSION = 2;
const VERSIONS_READ = [1, MANIFEST_VERSION] as const;
/** Of what stands in MessagePack. */
const BLOB_VERSION = 1;

export interface BlockRef {
  readonly block: number;
  readonly month: number;
  readonly rows: number;
  readonly readings: number;
  readonly blob: BlobRef;
}

/** Rows in the tables from a commit that was lost: their blocks are deleted, and their numbers never used again. */
export interface LostBlocks {
  readonly fromBlock: number;
  /** Inclusive. */
  readonly toBlock: number;
}

export interface Manifest {
  readonly version: typeof MANIFEST_VERSION;
  readonly partition: number;
  /** The stream's incarnation this checkpoint belongs to (invariant 10). */
  readonly incarnation: number;
  /** Rises by one with each owner. */
  readonly epoch: number;
  /** Unique for each attempt to commit: tells whose bytes these are (invariant 3). */
  readonly attempt: string;
  readonly owner: string;
  /** Wall clock of the commit that took position and windows, ms since 1970; for people. */
  readonly committedMs: number;
  /** Null before the first checkpoint: the partition has only been claimed. */
  readonly state: ActorState | null;
  readonly generation: number;
  readonly segments: readonly BlobRef[];
  readonly windows: BlobRef | null;
  readonly sessions: BlobRef | null;
  readonly rejects: BlobRef | null;
  /** Sealed blocks that ClickHouse has not confirmed yet: the outbox. */
  readonly blocks: readonly BlockRef[];
  /** Not yet certain to be deleted (invariant 10). */
  readonly lost: readonly LostBlocks[];
}

const count = z.number().int().nonnegative();
const blobRef = z.object({ epoch: count, attempt: count, blob: count, chunks: count, bytes: count, crc32: count });
const totals = z.object({
  messages: count,
  messagesUsed: count,
  messagesDuplicate: count,
  messagesRejected: count,
  readingsCounted: count,
  readingsLate: count,
  readingsRejected: count,
  readingsSealed: count,
});
const entry = z.object({ atMs: count, sinceMs: count, lastSequence: count, totals });
const gap = z.object({ from: count, to: count, sequences: count, accepted: z.boolean() });
const state = z.object({
  position: count,
  lastSequence: count,
  lastReceivedMs: z.number(),
  watermarkMs: z.number(),
  finalThroughMs: z.number(),
  closedHour: z.number().int(),
  nextBlock: count,
  announced: count,
  totals,
  // Not in checkpoints that were written before there was a ledger by time.
  ledger: z.array(entry).default([]),
  ledgerStoredMs: count.default(0),
  newestReceivedMs: z.number().default(0),
  gaps: z.array(gap).default([]),
});
const manifestSchema = z.object({
  version: z.literal(VERSIONS_READ).transform((): typeof MANIFEST_VERSION => MANIFEST_VERSION),
  partition: count,
  incarnation: count,
  epoch: count,
  attempt: z.string(),
  owner: z.string(),
  committedMs: z.number(),
  state: state.nullable(),
  generation: count,
  segments: z.array(blobRef),
  windows: blobRef.nullable(),
  sessions: blobRef.nullable(),
  rejects: blobRef.nullable(),
  blocks: z.array(z.object({ block: count, month: count, rows: count, readings: count, blob: blobRef })),
  lost: z.array(z.object({ fromBlock: count, toBlock: count })),
});

export function encodeManifest(manifest: Manifest): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(manifest));
}

/** @throws where the bytes are not a manifest of this version. */
export function decodeManifest(bytes: Uint8Array): Manifest {
  return manifestSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
}

/** Every blob a manifest lists. */
export function blobsOf(manifest: Manifest): BlobRef[] {
  const { windows, sessions, rejects } = manifest;
  const single = [windows, sessions, rejects].filter((ref) => ref !== null);
  return [...manifest.segments, ...single, ...manifest.blocks.map((block) => block.blob)];
}

export function blobKey(ref: Pick<BlobRef, 'epoch' | 'attempt' | 'blob'>): string {
  return `${String(ref.epoch)}.${String(ref.attempt)}.${String(ref.blob)}`;
}

/** Plain MessagePack with typed arrays as extensions; one instance, no shared records. */
const packr = new Packr({ useRecords: false, moreTypes: true, mapsAsObjects: true });

export const segmentCodec = codec<SeriesSegment>();
export const sessionsCodec = codec<SourceSessions[]>();
export const rejectsCodec = codec<readonly Reject[]>();

function codec<T>(): { encode(value: T): Uint8Array; decode(bytes: Uint8Array): T } {
  return {
    encode: (value) => new Uint8Array(packr.pack({ v: BLOB_VERSION, value })),
    decode: (bytes) => {
      const { v, value } = packr.unpack(bytes) as { v: number; value: T };
      if (v !== BLOB_VERSION)
        throw new Error(`part of a checkpoint of version ${String(v)}, this program reads ${String(BLOB_VERSION)}`);
      return value;
    },
  };
}
