/**
 * The outside of a host, as it sees it: broker, checkpoints, database. Real ones stand beside this file; the
 * simulation brings its own.
 *
 * Boundary: types only.
 */
import type { ByteSpan } from '../model/byte-span.ts';
import type { LedgerEntry } from '../model/ledger.ts';
import type { SourceSequence } from '../model/reading.ts';
import type { Reject } from '../actors/rejects.ts';
import type { SealedBlock } from '../actors/outbox.ts';
import type { ParsedSubject } from './decode/subject.ts';
import type { LostBlocks, Manifest } from './manifest.ts';

/** One message of the stream READINGS as the broker delivers it. */
export interface DeliveredMessage {
  readonly sequence: number;
  /** The broker's time of the message, ms since 1970. */
  readonly receivedMs: number;
  /** The same object for the same subject, as long as it is remembered. */
  readonly subject: ParsedSubject;
  readonly contentType: string | undefined;
  /** `Hourglass-Seq`, where there is one. */
  readonly sourceSequence: SourceSequence | 'malformed' | null;
  /** Valid for as long as the reader likes; never written to. */
  readonly payload: ByteSpan;
}

export interface SourceListener {
  onMessage(message: DeliveredMessage): void;
  /** At `frontierMs` (broker time) the broker had nothing more for us. */
  onIdle(frontierMs: number): void;
  /**
   * All of our messages up to this sequence have been delivered; it is another's, received at `receivedMs` (0 where it is
   * not there any more).
   */
  onPassed(sequence: number, receivedMs: number): void;
  /** Messages of these sequences are gone: they were removed before they could be delivered. */
  onRemoved(range: SequenceRange): void;
  /** The stream is not the one that was read until now. */
  onBroken(error: Error): void;
}

/**
 * Messages of some partitions, in stream order.
 * Delivery guarantees: every message from the start sequence on, in order, each at least once (a message may come
 * again after a reconnect; the actor's position passes it over). Back pressure: see {@link MessageSource.pause}.
 */
export interface MessageSource {
  /** Begins to deliver. */
  start(fromSequence: number, listener: SourceListener): Promise<void>;
  /** Asks for no more; what is in flight (bounded by IN_FLIGHT_BYTES_MAX) still comes. */
  pause(): void;
  resume(): void;
  /** Messages of the stream behind the last one that this source has seen, of all partitions, as the broker last said. */
  readonly backlog: number;
  /** False while nothing can come: the broker is away, or has not made the consumer yet. */
  readonly isReading: boolean;
  stop(): Promise<void>;
}

/** Stream sequences, both inclusive. */
export interface SequenceRange {
  readonly from: number;
  readonly to: number;
}

/** What the stream READINGS holds (invariant 10). */
export interface StreamHistory {
  /** Of what is still there; first = last + 1 where nothing is. */
  bounds(): Promise<{ firstSequence: number; lastSequence: number }>;
  /** The broker's time of a message, ms since 1970; null where it is not there any more. */
  receivedMs(sequence: number): Promise<number | null>;
  /** Of these sequences (both inclusive), the runs that the stream does not have any more, in order. */
  gone(from: number, to: number): Promise<readonly SequenceRange[]>;
  /** True where an error passes by itself, and the question may be asked again. */
  passes(error: unknown): boolean;
}

export interface StoredManifest {
  readonly manifest: Manifest;
  /** The revision that a swap must expect. */
  readonly revision: number;
}

/** Where a run of bytes of a checkpoint is kept: chunks `<partition>.<epoch>.<attempt>.<blob>.<chunk>`. */
export interface BlobRef {
  readonly epoch: number;
  readonly attempt: number;
  readonly blob: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly crc32: number;
}

/**
 * Checkpoints (invariants 1, 3, 11).
 * Delivery guarantees: a manifest is replaced as one, by compare-and-swap on its revision; blobs are never rewritten.
 */
export interface CheckpointStore {
  /** Null where the partition has none yet. */
  load(partition: number): Promise<StoredManifest | null>;
  /** Writes bytes under a key that was never used. */
  putBlob(partition: number, epoch: number, attempt: number, blob: number, bytes: Uint8Array): Promise<BlobRef>;
  /** @throws {CheckpointCorrupt} where a chunk is missing or the checksum does not match. */
  getBlob(partition: number, ref: BlobRef): Promise<Uint8Array>;
  /**
   * Commits a manifest where the stored one has `expectedRevision` (0: none). Returns the new revision. Does not
   * return before it is certain whether this attempt was committed.
   * @throws {FenceLost} where another owner has committed.
   */
  swap(manifest: Manifest, expectedRevision: number): Promise<number>;
  /** Removes blobs that no manifest lists any more. */
  purge(partition: number, refs: readonly BlobRef[]): Promise<void>;
  /**
   * Removes every blob of the partition up to an epoch but those of `keep`: what crashed attempts left. Later epochs
   * belong to an owner that has taken over meanwhile.
   */
  sweep(partition: number, throughEpoch: number, keep: readonly BlobRef[]): Promise<void>;
}

export interface LedgerRow extends LedgerEntry {
  readonly partition: number;
}

/**
 * Rows into ClickHouse. Delivery guarantees: when it resolves, the rows of all blocks can be read (and, with
 * durability `power`, are synced). Blocks may be inserted any number of times (invariant 4).
 */
export interface HourlySink {
  /** Blocks of one month, together at most INSERT_ROWS_MAX rows and INSERT_BYTES_MAX bytes. */
  insert(blocks: readonly SealedBlock[]): Promise<void>;
  /** The highest block number of each partition in the tables, for this incarnation. */
  highestBlocks(): Promise<ReadonlyMap<number, number>>;
  /** Entries of the ledger; any number of times. */
  insertLedger(rows: readonly LedgerRow[]): Promise<void>;
  /** Deletes rows of blocks that no checkpoint stands behind (invariant 10). May be carried out late, or twice. */
  deleteBlocks(partition: number, blocks: LostBlocks): Promise<void>;
}

/** Rejected readings into the stream REJECTED; resolves when the broker has acknowledged all of them. At least once. */
export interface RejectSink {
  send(rejects: readonly Reject[]): Promise<void>;
}
