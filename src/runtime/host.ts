/**
 * The host of some partitions: one per worker thread.
 *
 * Job: the order of things for its {@link PartitionRunner}s: deliver ({@link Mailbox}), follow the frontier, seal, commit,
 * insert, confirm. Which partitions these are, a {@link LeaseKeeper} says, one change after the other. Boundary: the outside
 * comes in as ports; no reading leaves this thread but as a row.
 * Invariants: 2 (only committed blocks are inserted), 9 (nothing is committed or answered without the lease), 13 (a full
 * outbox stops the pull).
 */
import { CellArena } from '../actors/cell-arena.ts';
import { addRow } from '../actors/open-hours.ts';
import type { SealedBlock } from '../actors/outbox.ts';
import type { FlushReply, OpenHoursReply, OpenHoursRequest, OpenRow, PartitionStatus } from '../model/cluster.ts';
import { explain, FenceLost } from '../model/errors.ts';
import { fewAtOnce } from '../model/few-at-once.ts';
import {
  COMMIT_BYTES_PER_TICK_MAX,
  LEDGER_ENTRIES_PER_PARTITION_MAX,
  OUTBOX_BLOCKS_PER_PARTITION_MAX,
  OUTBOX_BYTES_PER_HOST_MAX,
  SEAL_MS_PER_TICK_MAX,
  WINDOW_BYTES_PER_HOST_MAX,
} from '../model/limits.ts';
import { compareRows } from '../model/series-order.ts';
import { BlockInserter } from './block-inserter.ts';
import { dueCommit } from './commit-due.ts';
import { LedgerInserter } from './ledger-inserter.ts';
import { Mailbox, type MailboxPorts } from './mailbox.ts';
import { type OpenerPorts, openPartitions } from './partition-opener.ts';
import type { PartitionRunner } from './partition-runner.ts';
import type { MemoryBudget } from './memory-budget.ts';
import { Turns } from './turns.ts';

export interface HostPorts extends Omit<OpenerPorts, 'patiently'>, MailboxPorts {}

export interface HostOptions {
  readonly owner: string;
  readonly incarnation: number;
  readonly disorderMs: number;
  readonly horizonMs: number;
  /** Time between two entries of the ledger. */
  readonly ledgerPeriodMs: number;
  /** How often the thread was started anew before; absent: never. */
  readonly restarts?: number;
}

/** How often the host looks at what is due. */
const TICK_MS = 100;
/** Partitions committed at once: the broker holds 128 MB of what is on its way to a stream's disk, and drops the rest. */
const AT_ONCE = 8;

export class Host {
  readonly #ports: HostPorts;
  readonly #options: HostOptions;
  readonly #runners = new Map<number, PartitionRunner>();
  readonly #arena = new CellArena();
  readonly #inserter: BlockInserter;
  readonly #ledger: LedgerInserter;
  readonly #mailbox: Mailbox;
  #isHeld: () => boolean = () => true;
  #budget = { windowBytesMax: WINDOW_BYTES_PER_HOST_MAX, outboxBytesMax: OUTBOX_BYTES_PER_HOST_MAX };
  #sealsOldest = false;
  readonly #sealTurns = new Turns<PartitionRunner>();
  readonly #commitTurns = new Turns<PartitionRunner>();
  #stopping = false;
  /** An actor's memory may be half changed: nothing of it may be committed any more. */
  #hasFailed = false;
  #ticking: Promise<void> | null = null;
  #failed: (error: unknown) => void = () => undefined;
  /** Rejects when the host cannot go on: its memory must be dropped and a new host started. */
  readonly failed: Promise<never>;

  constructor(ports: HostPorts, options: HostOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#inserter = new BlockInserter(ports.sink, ports.clock, ports.log, () => this.#commitsEndedHours());
    this.#ledger = new LedgerInserter(ports.sink, ports.clock, ports.log);
    this.#mailbox = new Mailbox(ports, this.#runners, (error) => this.#fail(error));
    this.failed = new Promise<never>((_, reject) => {
      this.#failed = reject;
    });
    this.failed.catch(() => undefined);
  }

  /** @param isHeld false while this host may have been replaced: it then neither commits nor answers. */
  start(isHeld: () => boolean): void {
    this.#isHeld = isHeld;
    this.#ticking = this.#tickUntilStopped();
  }

  /** Messages the broker has delivered. */
  get taken(): number {
    return this.#mailbox.taken;
  }

  /** True while the pull is held because the database is behind. */
  get isHeldBack(): boolean {
    return this.#mailbox.isPaused;
  }

  /** What this host may hold from now on: less where there are more threads. */
  setBudget({ windowBytesMax, outboxBytesMax }: MemoryBudget): void {
    this.#budget = { windowBytesMax, outboxBytesMax };
  }

  /** Gives memory back: at the next tick the oldest open hour of every partition is sealed early. */
  relieve(): void {
    this.#sealsOldest = true;
  }

  /** Ends without a further commit: a new host goes on from the last checkpoints. */
  giveUp(error: Error): void {
    this.#fail(error);
  }

  owned(): number[] {
    return [...this.#runners.keys()];
  }

  /** Claims and loads partitions, then reads them. Returns those that cannot be trusted; the others go on. */
  async take(partitions: readonly number[]): Promise<number[]> {
    const patiently = <T>(ask: () => Promise<T>): Promise<T> => this.#inserter.patiently(ask);
    const ports = { ...this.#ports, patiently };
    const { runners: opened, untrusted } = await openPartitions(partitions, ports, this.#options, this.#arena);
    await this.#mailbox.learnPoison();
    if (this.#stopping) {
      for (const runner of opened.values()) runner.release();
      return untrusted;
    }
    for (const runner of opened.values()) {
      const committed = [...runner.actor.outbox.entries()].filter((entry) => entry.state === 'committed');
      this.#insert(
        runner,
        committed.map((entry) => entry.sealed),
      );
    }
    await this.#readAlso(opened);
    return untrusted;
  }

  /** Stops reading partitions and writes their final checkpoints. What waits in their outboxes, the next owner inserts. */
  async handOver(partitions: readonly number[]): Promise<void> {
    if (this.#hasFailed) return;
    const leaving = this.#forget(partitions);
    await fewAtOnce(leaving, AT_ONCE, (runner) => this.#commitFinally(runner));
  }

  /** Somebody else has them. */
  drop(partitions: readonly number[]): void {
    this.#release(partitions);
  }

  #release(partitions: readonly number[]): void {
    for (const runner of this.#forget(partitions)) runner.release();
  }

  #forget(partitions: readonly number[]): PartitionRunner[] {
    const leaving = partitions.flatMap((partition) => this.#runners.get(partition) ?? []);
    for (const { partition } of leaving) this.#runners.delete(partition);
    // Where some are left, it goes on: messages of those that left are passed over.
    if (this.#runners.size === 0) void this.#mailbox.close();
    return leaving;
  }

  async #commitFinally(runner: PartitionRunner): Promise<void> {
    try {
      await runner.commitFinally();
    } catch (error) {
      // Fenced off: the next owner has what the last checkpoint had, and reads on from there.
      if (!(error instanceof FenceLost)) throw error;
    } finally {
      runner.release();
    }
  }

  async #readAlso(opened: ReadonlyMap<number, PartitionRunner>): Promise<void> {
    if (this.#stopping) return;
    void this.#mailbox.close();
    for (const [partition, runner] of opened) this.#runners.set(partition, runner);
    await this.#mailbox.open();
  }

  /** Stops reading, writes a last checkpoint of every partition, and inserts what can be inserted in `patienceMs`. */
  async stop(patienceMs: number): Promise<void> {
    this.#stopping = true;
    await this.#mailbox.close();
    await this.#ticking;
    const runners = [...this.#runners.values()];
    const commitAll = (): Promise<void> => fewAtOnce(runners, AT_ONCE, (runner) => this.#commit(runner));
    await commitAll();
    if (await this.#inserter.drained(patienceMs)) await commitAll();
    this.#inserter.stop();
  }

  /**
   * Seals every open window of its partitions among these (absent: all), as many at a time as the outboxes have room for,
   * and resolves when the rows can be read.
   */
  async flush(wanted?: readonly number[]): Promise<FlushReply> {
    if (!this.#isHeld()) return { partitions: [], rows: 0 };
    let rows = 0;
    const waiting = [...this.#runners.values()].filter(({ partition }) => wanted?.includes(partition) ?? true);
    const edges: { runner: PartitionRunner; block: number }[] = [];
    // One that was handed over meanwhile is its next owner's.
    const isHere = (runner: PartitionRunner): boolean => this.#runners.get(runner.partition) === runner;
    const isOpen = ({ runner, block }: (typeof edges)[number]): boolean =>
      isHere(runner) && !runner.actor.outbox.confirmedBelow(block);
    do {
      while (waiting.length > 0 && this.#outboxBytes() < this.#budget.outboxBytesMax / 2) {
        const runner = waiting.pop()!;
        if (!isHere(runner)) continue;
        const before = runner.actor.nextBlock;
        runner.actor.seal(this.#ports.clock.nowMs(), { all: true });
        for (const { sealed } of runner.actor.outbox.entries()) if (sealed.block >= before) rows += sealed.rows;
        edges.push({ runner, block: runner.actor.nextBlock });
      }
      const sealed = edges.filter(({ runner, block }) => isHere(runner) && !isCommitted(runner, block));
      await fewAtOnce(sealed, AT_ONCE, ({ runner }) => this.#commit(runner));
      if (waiting.length > 0 || edges.some(isOpen)) await this.#ports.clock.sleep(TICK_MS);
    } while (!this.#stopping && (waiting.length > 0 || edges.some(isOpen)));
    const done = edges.filter((edge) => isHere(edge.runner) && !isOpen(edge));
    return { partitions: done.map(({ runner }) => runner.partition), rows };
  }

  /** Empty where somebody else may answer for the partitions too. */
  openHours(request: OpenHoursRequest): OpenHoursReply {
    const reply: OpenHoursReply = { rows: [], edges: [] };
    if (!this.#isHeld()) return reply;
    const rows: OpenRow[] = [];
    for (const runner of this.#runners.values()) {
      for (const row of runner.actor.openHours(request)) rows.push(row);
      reply.edges.push(runner.edge());
    }
    for (const row of rows.sort(compareRows)) {
      const last = reply.rows.at(-1);
      if (last !== undefined && compareRows(last, row) === 0) addRow(last, row);
      else if (reply.rows.length < request.limit) reply.rows.push(row);
      else break;
    }
    return reply;
  }

  /** The partitions that may be told of: none where somebody else may own them, or after a failure. */
  answering(): readonly PartitionRunner[] {
    return this.#isHeld() && !this.#hasFailed ? [...this.#runners.values()] : [];
  }

  status(): PartitionStatus[] {
    const { backlog, isPaused } = this.#mailbox;
    return [...this.#runners.values()].map((runner) => {
      const { actor } = runner;
      return {
        partition: actor.partition,
        owner: this.#options.owner,
        epoch: runner.epoch,
        position: actor.position,
        backlog,
        watermarkMs: actor.watermarkMs,
        finalThroughMs: actor.finalThroughMs(),
        lastCheckpointMs: runner.lastCheckpointMs,
        outboxBlocks: actor.outbox.size,
        outboxBytes: actor.outbox.bytes,
        oldestBlockMs: actor.outbox.oldestMs(),
        isHeldBack: isPaused,
        restarts: this.#options.restarts ?? 0,
        series: actor.seriesCount,
        openReadings: actor.openReadings,
        nextBlock: actor.nextBlock,
        totals: { ...actor.totals },
      };
    });
  }

  async #tickUntilStopped(): Promise<void> {
    while (!this.#stopping) {
      await this.#ports.clock.sleep(TICK_MS);
      const nowMs = this.#ports.clock.nowMs();
      this.#mailbox.moveTime();
      this.#seal(nowMs);
      this.#commitDue();
      this.#ledger.look(this.#runners.values());
      this.#holdOrGoOn();
      this.#mailbox.watchProgress();
    }
  }

  /** What is due, one partition after the other: the next tick goes on where the time of this one was over. */
  #seal(nowMs: number): void {
    const { clock } = this.#ports;
    const oldest = this.#sealsOldest || this.#arena.bytes > this.#budget.windowBytesMax ? 1 : 0;
    this.#sealsOldest = false;
    // Memory is given back at once.
    const endMs = oldest > 0 ? Infinity : clock.monotonicMs() + SEAL_MS_PER_TICK_MAX;
    for (const runner of this.#sealTurns.of(this.#runners.values())) {
      if (clock.monotonicMs() >= endMs) return;
      if (this.#hasRoom(runner)) runner.actor.seal(nowMs, { oldest });
    }
  }

  /** Begins what is due, up to some bytes; the next tick goes on. */
  #commitDue(): void {
    if (!this.#isHeld()) return;
    // They write next to nothing, and wait for no turn: hours become final by them.
    for (const runner of this.#runners.values())
      if (dueCommit(runner) === 'confirmations') void this.#guarded(runner, () => runner.commitConfirmations());
    let bytes = 0;
    for (const runner of this.#commitTurns.of(this.#runners.values())) {
      if (dueCommit(runner) !== 'whole') continue;
      if (bytes >= COMMIT_BYTES_PER_TICK_MAX) return;
      bytes += runner.checkpointBytes;
      void this.#commit(runner);
    }
  }

  async #commit(runner: PartitionRunner): Promise<void> {
    await this.#guarded(runner, async () => {
      const blocks = await runner.commit();
      // One that was handed over or dropped meanwhile has a next owner, who inserts them: this very host, perhaps.
      if (this.#runners.get(runner.partition) === runner) this.#insert(runner, blocks);
    });
  }

  /** A partition that somebody else has is given up. */
  async #guarded(runner: PartitionRunner, commit: () => Promise<void>): Promise<void> {
    if (this.#hasFailed) return;
    try {
      await commit();
    } catch (error) {
      if (this.#runners.get(runner.partition) !== runner) return;
      this.#release([runner.partition]);
      const { log } = this.#ports;
      if (error instanceof FenceLost) log.warn(explain(error));
      else this.#fail(error);
    }
  }

  #commitsEndedHours(): boolean {
    for (const { actor } of this.#runners.values())
      if (actor.hasEndedHours && actor.outbox.sealedBytes > 0) return true;
    return false;
  }

  #insert(runner: PartitionRunner, blocks: readonly SealedBlock[]): void {
    for (const block of blocks) {
      this.#inserter.add(runner.partition, block, () => runner.confirm(block.block));
    }
  }

  #hasRoom(runner: PartitionRunner): boolean {
    const { outbox, waitingEntries } = runner.actor;
    return outbox.size < OUTBOX_BLOCKS_PER_PARTITION_MAX && waitingEntries < LEDGER_ENTRIES_PER_PARTITION_MAX;
  }

  #outboxBytes(): number {
    let bytes = 0;
    for (const { actor } of this.#runners.values()) bytes += actor.outbox.bytes;
    return bytes;
  }

  /** Back-pressure: the pull stops while the outbox is full, and goes on when a good part of it has gone. */
  #holdOrGoOn(): void {
    const bytes = this.#outboxBytes();
    const room = [...this.#runners.values()].every((runner) => this.#hasRoom(runner));
    const { isPaused } = this.#mailbox;
    const limit = isPaused ? this.#budget.outboxBytesMax / 2 : this.#budget.outboxBytesMax;
    const hold = bytes > limit || !room;
    if (hold === isPaused) return;
    if (hold) {
      this.#ports.log.warn('the database is behind: reading pauses until it has caught up; nothing is lost');
      this.#mailbox.pause();
    } else {
      this.#ports.log.info('the database has caught up: reading goes on');
      this.#mailbox.resume();
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#mailbox.abandon();
    this.#stopping = true;
    this.#failed(error);
  }
}

function isCommitted(runner: PartitionRunner, block: number): boolean {
  for (const entry of runner.actor.outbox.entries())
    if (entry.sealed.block < block && entry.state === 'sealed') return false;
  return true;
}
