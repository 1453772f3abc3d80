/**
 * Checkpoints in a bucket of keys.
 *
 * Job: blobs in chunks, manifests by compare-and-swap. Boundary: bytes and revisions; what is in a checkpoint,
 * manifest.ts knows. Invariants: 3 (a swap without an answer is not a failed swap), 11 (chunks are never rewritten).
 */
import { crc32 } from 'node:zlib';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { CheckpointCorrupt, FenceLost } from '../model/errors.ts';
import { fewAtOnce } from '../model/few-at-once.ts';
import { CHECKPOINT_CHUNK_BYTES_MAX } from '../model/limits.ts';
import { type CheckpointBucket, openNatsBucket, WrongRevision } from './checkpoint-bucket.ts';
import { blobKey, decodeManifest, encodeManifest, type Manifest } from './manifest.ts';
import type { BlobRef, CheckpointStore, StoredManifest } from './ports.ts';

const RETRY_MS = 250;
/** Chunks of one blob written or read at once. */
const CHUNKS_AT_ONCE = 8;

export function manifestKey(partition: number): string {
  return `manifest.${String(partition)}`;
}

export class KvCheckpointStore implements CheckpointStore {
  readonly #bucket: CheckpointBucket;
  readonly #clock: Clock;

  constructor(bucket: CheckpointBucket, clock: Clock) {
    this.#bucket = bucket;
    this.#clock = clock;
  }

  static async open(nc: NatsConnection, clock: Clock): Promise<KvCheckpointStore> {
    return new KvCheckpointStore(await openNatsBucket(nc), clock);
  }

  async load(partition: number): Promise<StoredManifest | null> {
    const entry = await this.#patiently(() => this.#bucket.get(manifestKey(partition)));
    if (entry === null) return null;
    try {
      return { manifest: decodeManifest(entry.value), revision: entry.revision };
    } catch (cause) {
      throw new CheckpointCorrupt(
        partition,
        `its manifest cannot be read (${cause instanceof Error ? cause.message : String(cause)})`,
      );
    }
  }

  async putBlob(partition: number, epoch: number, attempt: number, blob: number, bytes: Uint8Array): Promise<BlobRef> {
    const chunks = Math.max(1, Math.ceil(bytes.length / CHECKPOINT_CHUNK_BYTES_MAX));
    const ref = { epoch, attempt, blob, chunks, bytes: bytes.length, crc32: crc32(bytes) };
    await eachChunk(chunks, async (chunk) => {
      const part = bytes.subarray(chunk * CHECKPOINT_CHUNK_BYTES_MAX, (chunk + 1) * CHECKPOINT_CHUNK_BYTES_MAX);
      await this.#patiently(() => this.#bucket.put(chunkKey(partition, ref, chunk), part));
    });
    return ref;
  }

  async getBlob(partition: number, ref: BlobRef): Promise<Uint8Array> {
    const bytes = new Uint8Array(ref.bytes);
    await eachChunk(ref.chunks, async (chunk) => {
      const entry = await this.#patiently(() => this.#bucket.get(chunkKey(partition, ref, chunk)));
      if (entry === null) throw new CheckpointCorrupt(partition, `chunk ${chunkKey(partition, ref, chunk)} is missing`);
      bytes.set(entry.value, chunk * CHECKPOINT_CHUNK_BYTES_MAX);
    });
    if (crc32(bytes) !== ref.crc32)
      throw new CheckpointCorrupt(partition, `the checksum of blob ${blobKey(ref)} does not match`);
    return bytes;
  }

  async swap(manifest: Manifest, expectedRevision: number): Promise<number> {
    const bytes = encodeManifest(manifest);
    const key = manifestKey(manifest.partition);
    try {
      // No answer: the same bytes at the same revision again, until there is one (invariant 3).
      return await this.#patiently(() => this.#bucket.swap(key, bytes, expectedRevision));
    } catch (error) {
      if (error instanceof WrongRevision) return await this.#resolve(manifest);
      throw error;
    }
  }

  async purge(partition: number, refs: readonly BlobRef[]): Promise<void> {
    for (const ref of refs) await this.#patiently(() => this.#bucket.purge(`${blobPrefix(partition, blobKey(ref))}.`));
  }

  async sweep(partition: number, throughEpoch: number, keep: readonly BlobRef[]): Promise<void> {
    const kept = new Set(keep.map((ref) => blobKey(ref)));
    const prefix = blobPrefix(partition, '');
    const keys = await this.#patiently(() => this.#bucket.keys(prefix));
    const found = new Set(keys.map((key) => key.slice(prefix.length).replace(/\.\d+$/, '')));
    for (const blob of found) {
      const isOfLaterOwner = Number.parseInt(blob, 10) > throughEpoch;
      if (!kept.has(blob) && !isOfLaterOwner)
        await this.#patiently(() => this.#bucket.purge(`${blobPrefix(partition, blob)}.`));
    }
  }

  /** The revision was another one: was it our own attempt, whose answer was lost, or another owner's? */
  async #resolve(manifest: Manifest): Promise<number> {
    const current = await this.load(manifest.partition);
    if (current?.manifest.attempt === manifest.attempt) return current.revision;
    throw new FenceLost(manifest.partition, current?.manifest.owner ?? 'nobody (the checkpoint bucket was emptied)');
  }

  /** Reads, swaps, and writes of keys that are written once, may be repeated until the broker answers. */
  async #patiently<T>(action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        if (!this.#bucket.passes(error)) throw error;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }
}

function blobPrefix(partition: number, blob: string): string {
  return `blob.${String(partition)}.${blob}`;
}

function chunkKey(partition: number, ref: Pick<BlobRef, 'epoch' | 'attempt' | 'blob'>, chunk: number): string {
  return `${blobPrefix(partition, blobKey(ref))}.${String(chunk)}`;
}

function eachChunk(count: number, action: (chunk: number) => Promise<void>): Promise<void> {
  const chunks = Array.from({ length: count }, (_, chunk) => chunk);
  return fewAtOnce(chunks, CHUNKS_AT_ONCE, action);
}
