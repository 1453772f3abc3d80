/**
 * One partition's life on this host: claim, load, checkpoint, confirm.
 *
 * Job: carries a {@link PartitionActor} between the checkpoint store and the database. Boundary: one partition;
 * the host decides when. Invariants: 1 and 2 (blocks are in a committed manifest before {@link PartitionRunner.commit}
 * hands them out), 3 (claim first; one attempt at a time; a lost fence drops the memory), 10 (same stream, same
 * tables), 11 (only what the own commit replaced is purged).
 */
import { randomUUID } from 'node:crypto';
import { asColumns } from '../actors/row-blocks.ts';
import type { CellArena } from '../actors/cell-arena.ts';
import type { SealedBlock } from '../actors/outbox.ts';
import type { ActorState } from '../actors/actor-state.ts';
import { type ActorOptions, type Decode, PartitionActor } from '../actors/partition-actor.ts';
import type { LedgerEntry } from '../model/ledger.ts';
import type { Clock } from '../model/clock.ts';
import { hourStartMs } from '../model/hour.ts';
import type { PartitionEdge } from '../model/cluster.ts';
import { CheckpointCorrupt } from '../model/errors.ts';
import {
  type BlockRef,
  blobKey,
  blobsOf,
  type LostBlocks,
  type Manifest,
  MANIFEST_VERSION,
  rejectsCodec,
  segmentCodec,
  sessionsCodec,
} from './manifest.ts';
import type { BlobRef, CheckpointStore, RejectSink, StoredManifest } from './ports.ts';

/** Segments of series in a manifest before they are written anew as one. */
const SEGMENTS_MAX = 16;

export interface RunnerPorts {
  readonly store: CheckpointStore;
  readonly rejects: RejectSink;
  readonly clock: Clock;
  readonly decode: Decode;
}

export class PartitionRunner {
  readonly partition: number;
  readonly #ports: RunnerPorts;
  #stored: StoredManifest;
  #actor: PartitionActor;
  #attempt = 0;
  #blockRefs = new Map<number, BlockRef>();
  #committing: Promise<readonly SealedBlock[]> | null = null;
  #confirming: Promise<void> | null = null;
  #committedChanges = -1;
  #committedAtMs: number;
  /** Of either kind. */
  #swappedAtMs: number;
  #swept = false;
  #isLast = false;
  #isReleased = false;
  #lost: readonly LostBlocks[];

  private constructor(ports: RunnerPorts, stored: StoredManifest, actor: PartitionActor) {
    this.partition = actor.partition;
    this.#ports = ports;
    this.#stored = stored;
    this.#actor = actor;
    this.#committedAtMs = this.#swappedAtMs = ports.clock.monotonicMs();
    this.#lost = stored.manifest.lost;
    for (const ref of stored.manifest.blocks) this.#blockRefs.set(ref.block, ref);
  }

  /**
   * Claims the partition, then loads its newest checkpoint.
   * @throws {FenceLost} where another owner claims at the same moment. @throws {CheckpointCorrupt}
   */
  static async open(
    ports: RunnerPorts,
    options: ActorOptions,
    owner: string,
    arena: CellArena,
  ): Promise<PartitionRunner> {
    const { partition, incarnation } = options;
    const found = await ports.store.load(partition);
    const base = found?.manifest ?? emptyManifest(partition, incarnation);
    if (base.incarnation !== incarnation) {
      throw new CheckpointCorrupt(
        partition,
        `it belongs to incarnation ${String(base.incarnation)}, the stream is ${String(incarnation)}`,
      );
    }
    const claim: Manifest = {
      ...base,
      epoch: base.epoch + 1,
      attempt: randomUUID(),
      owner,
      committedMs: ports.clock.nowMs(),
    };
    const revision = await ports.store.swap(claim, found?.revision ?? 0);
    const actor = await loadActor(ports, options, claim, arena, base.committedMs);
    return new PartitionRunner(ports, { manifest: claim, revision }, actor);
  }

  get actor(): PartitionActor {
    return this.#actor;
  }

  get epoch(): number {
    return this.#stored.manifest.epoch;
  }

  get committing(): boolean {
    return this.#committing !== null || this.#confirming !== null;
  }

  /** Wall clock of the last commit of all that is open, ms since 1970. */
  get lastCheckpointMs(): number {
    return this.#stored.manifest.committedMs;
  }

  /** The checkpoint that was last committed; right after the start, the one that was loaded. */
  get loaded(): Manifest {
    return this.#stored.manifest;
  }

  /** True where a checkpoint would hold something that the last one does not, besides position and watermark. */
  get hasNews(): boolean {
    return this.#actor.changes !== this.#committedChanges;
  }

  /** True where a checkpoint would make hours final. */
  get makesHoursFinal(): boolean {
    return this.#actor.finalThroughMs() > (this.#stored.manifest.state?.finalThroughMs ?? 0);
  }

  /** True where that the database has rows is all that the last checkpoint lacks for hours to be final. */
  get confirmsFinalHours(): boolean {
    const { state } = this.#stored.manifest;
    return state !== null && this.#confirmedThroughMs(state) > state.finalThroughMs;
  }

  /** Bytes of the open windows as the last checkpoint has them. */
  get windowBytes(): number {
    return this.#stored.manifest.windows?.bytes ?? 0;
  }

  /** What a checkpoint would write now, nearly. */
  get checkpointBytes(): number {
    return this.windowBytes + this.#actor.outbox.sealedBytes;
  }

  /** Monotonic ms since the last commit. */
  sinceCommitMs(): number {
    return this.#ports.clock.monotonicMs() - this.#committedAtMs;
  }

  /** The same; one of confirmations alone counts, too. */
  sinceSwapMs(): number {
    return this.#ports.clock.monotonicMs() - this.#swappedAtMs;
  }

  /**
   * Writes a checkpoint; returns the blocks that may now be inserted. A call that comes meanwhile waits for the same
   * checkpoint and gets none: a block that stood twice in one INSERT would count twice in the views.
   * @throws {FenceLost} the memory must be dropped.
   */
  commit(): Promise<readonly SealedBlock[]> {
    // The fence may still hold: what is empty now must not take the place of what was committed.
    if (this.#isReleased) return Promise.resolve([]);
    if (this.#committing !== null) return this.#committing.then(() => []);
    this.#committing = this.#commitAfter(this.#confirming).finally(() => {
      this.#committing = null;
    });
    return this.#committing;
  }

  /**
   * The last checkpoint once more, without the blocks that the database has confirmed meanwhile: hours become final, and nothing
   * that is open is written again. Position, windows and closed hours stay those of that checkpoint, and go together.
   * @throws {FenceLost} the memory must be dropped.
   */
  async commitConfirmations(): Promise<void> {
    if (this.#isReleased || this.committing) return;
    this.#confirming = this.#commitConfirmed().finally(() => {
      this.#confirming = null;
    });
    await this.#confirming;
  }

  /**
   * One more checkpoint after the one that is being written, of all that was counted; what it replaces, the next owner
   * removes, who waits for it. @throws {FenceLost}
   */
  async commitFinally(): Promise<void> {
    await this.#committing;
    this.#isLast = true;
    await this.commit();
  }

  /** What the tables hold that this memory does not (invariant 8). */
  edge(): PartitionEdge {
    const { partition, nextBlock, outbox } = this.#actor;
    const unconfirmed = outbox.unconfirmed().map(({ block }) => block);
    return { partition, nextBlock, unconfirmed: [...unconfirmed, ...this.#lost.flatMap(numbersOf)] };
  }

  /** Blocks to be deleted from the tables: no checkpoint stands behind them. */
  get lost(): readonly LostBlocks[] {
    return this.#lost;
  }

  /**
   * The tables hold blocks up to this one, which a commit that was lost has sealed. After the next commit their numbers
   * are never used again, by whomever: only then may they be deleted, since a delete may be carried out long after it
   * was sent, when the partition has another owner.
   */
  disown(toBlock: number): void {
    this.#lost = [...this.#lost, { fromBlock: this.#actor.nextBlock, toBlock }];
    this.#actor.skipBlocksTo(toBlock + 1);
  }

  /** The tables no longer hold them. */
  lostAreDeleted(): void {
    this.#lost = [];
  }

  /** Committed entries of the ledger that ClickHouse may not have, oldest first. */
  entriesToStore(): readonly LedgerEntry[] {
    const storedMs = this.#actor.entriesStoredMs;
    return (this.#stored.manifest.state?.ledger ?? []).filter(({ atMs }) => atMs > storedMs);
  }

  /** Gives the actor's memory back; nothing is committed any more, whoever still holds this runner. */
  release(): void {
    this.#isReleased = true;
    this.#actor.release();
  }

  /** ClickHouse has the block's rows. */
  confirm(block: number): void {
    this.#actor.outbox.confirm(block);
  }

  async #commitAfter(confirming: Promise<void> | null): Promise<readonly SealedBlock[]> {
    await confirming;
    return this.#isReleased ? [] : await this.#commit();
  }

  async #commitConfirmed(): Promise<void> {
    const before = this.#stored.manifest;
    if (before.state === null) return;
    const unconfirmed = new Set(this.#actor.outbox.unconfirmed().map(({ block }) => block));
    const blocks = before.blocks.filter(({ block }) => unconfirmed.has(block));
    const manifest: Manifest = {
      ...before,
      attempt: randomUUID(),
      state: { ...before.state, finalThroughMs: this.#confirmedThroughMs(before.state) },
      blocks,
    };
    await this.#swap(manifest);
    this.#actor.outbox.committed(blocks.map(({ block }) => block));
    await this.#tidy(before, manifest);
  }

  /** An hour that was closed after that checkpoint may have had readings since: only a whole one makes it final. */
  #confirmedThroughMs(state: ActorState): number {
    return Math.max(state.finalThroughMs, Math.min(this.#actor.finalThroughMs(), hourStartMs(state.closedHour)));
  }

  async #swap(manifest: Manifest): Promise<void> {
    const revision = await this.#ports.store.swap(manifest, this.#stored.revision);
    this.#stored = { manifest, revision };
    this.#blockRefs = new Map(manifest.blocks.map((ref) => [ref.block, ref]));
    this.#swappedAtMs = this.#ports.clock.monotonicMs();
  }

  async #commit(): Promise<readonly SealedBlock[]> {
    const { clock } = this.#ports;
    const before = this.#stored.manifest;
    const actor = this.#actor;
    if (before.segments.length >= SEGMENTS_MAX) actor.rewriteSeries();
    const changes = actor.changes;
    const unconfirmed = actor.outbox.unconfirmed();
    const snapshot = actor.snapshot();
    const write = this.#blobWriter();

    const [blocks, segment, windows, sessions, rejects] = await Promise.all([
      Promise.all(unconfirmed.map((block) => this.#blockRef(block, write))),
      snapshot.segment && write(segmentCodec.encode(snapshot.segment)),
      snapshot.windows.length > 0 ? write(snapshot.windows) : null,
      snapshot.sessions === null ? before.sessions : write(sessionsCodec.encode(snapshot.sessions)),
      snapshot.rejects.length > 0 ? write(rejectsCodec.encode(snapshot.rejects)) : null,
    ]);
    const keepsSegments = snapshot.generation === before.generation && snapshot.segment?.from !== 0;
    const manifest: Manifest = {
      ...before,
      attempt: randomUUID(),
      committedMs: clock.nowMs(),
      state: snapshot.state,
      generation: snapshot.generation,
      segments: [...(keepsSegments ? before.segments : []), ...(segment ? [segment] : [])],
      windows,
      sessions,
      rejects,
      blocks,
      lost: this.#lost,
    };
    await this.#swap(manifest);
    this.#committedChanges = changes;
    this.#committedAtMs = this.#swappedAtMs;
    const insertable = actor.outbox.committed(unconfirmed.map((block) => block.block));
    await this.#ports.rejects.send(snapshot.rejects);
    if (snapshot.rejects.length > 0) actor.rejectsSent(snapshot.rejects.length);
    if (!this.#isLast) await this.#tidy(before, manifest);
    return insertable;
  }

  #blobWriter(): (bytes: Uint8Array) => Promise<BlobRef> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    let blob = 0;
    return (bytes) => this.#ports.store.putBlob(this.partition, this.epoch, attempt, blob++, bytes);
  }

  async #blockRef(sealed: SealedBlock, write: (bytes: Uint8Array) => Promise<BlobRef>): Promise<BlockRef> {
    const known = this.#blockRefs.get(sealed.block);
    if (known !== undefined) return known;
    const { block, month, rows, readings, bytes } = sealed;
    return { block, month, rows, readings, blob: await write(bytes) };
  }

  /** Invariant 11: after the own commit, and only what it replaced; once, what crashed owners left behind. */
  async #tidy(before: Manifest, now: Manifest): Promise<void> {
    const kept = blobsOf(now);
    if (this.#swept) {
      const keys = new Set(kept.map((ref) => blobKey(ref)));
      await this.#ports.store.purge(
        this.partition,
        blobsOf(before).filter((ref) => !keys.has(blobKey(ref))),
      );
    } else {
      this.#swept = true;
      await this.#ports.store.sweep(this.partition, this.epoch, kept);
    }
  }
}

function numbersOf({ fromBlock, toBlock }: LostBlocks): number[] {
  return Array.from({ length: toBlock - fromBlock + 1 }, (_, at) => fromBlock + at);
}

function emptyManifest(partition: number, incarnation: number): Manifest {
  return {
    version: MANIFEST_VERSION,
    partition,
    incarnation,
    epoch: 0,
    attempt: '',
    owner: '',
    committedMs: 0,
    state: null,
    generation: 0,
    segments: [],
    windows: null,
    sessions: null,
    rejects: null,
    blocks: [],
    lost: [],
  };
}

async function loadActor(
  ports: RunnerPorts,
  options: ActorOptions,
  manifest: Manifest,
  arena: CellArena,
  blocksSinceMs: number,
): Promise<PartitionActor> {
  const { store } = ports;
  const get = (ref: BlobRef): Promise<Uint8Array> => store.getBlob(manifest.partition, ref);
  const actor = manifest.state
    ? new PartitionActor(options, arena, ports.decode, manifest.state)
    : new PartitionActor(options, arena, ports.decode);
  const [segments, windows, sessions, rejects, blocks] = await Promise.all([
    Promise.all(manifest.segments.map(get)),
    manifest.windows ? get(manifest.windows) : new Uint8Array(),
    manifest.sessions ? get(manifest.sessions) : null,
    manifest.rejects ? get(manifest.rejects) : null,
    Promise.all(manifest.blocks.map((ref) => get(ref.blob))),
  ]);
  actor.restore(
    segments.map((bytes) => segmentCodec.decode(bytes)),
    windows,
    sessions ? sessionsCodec.decode(sessions) : [],
    rejects ? rejectsCodec.decode(rejects) : [],
  );
  for (const [i, { block, month, rows, readings }] of manifest.blocks.entries()) {
    actor.outbox.add({ block, month, rows, readings, bytes: asColumns(blocks[i]!) }, blocksSinceMs, 'committed');
  }
  return actor;
}
