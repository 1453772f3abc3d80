/**
 * The queue between committed blocks and ClickHouse.
 *
 * Job: one INSERT at a time, with as many waiting blocks of one month as fit; again and again until it succeeds. Few large ones cost the
 * database less than many small ones, so blocks that are about to come are waited for, a little.
 * Boundary: knows blocks, not partitions' owners. Invariant 4: a block stands once in an INSERT, also where a partition
 * left this host and came back with blocks that still wait here. Invariant 13: the queue holds references to blocks that the outboxes
 * already count; retries are spaced, never given up.
 */
import type { SealedBlock } from '../actors/outbox.ts';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import { INSERT_BYTES_MAX, INSERT_GATHER_MS_MAX, INSERT_ROWS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { HourlySink } from './ports.ts';

const RETRY_MS_MIN = 100;
const RETRY_MS_MAX = 5_000;
const POLL_MS = 20;

interface Waiting {
  readonly block: SealedBlock;
  readonly confirm: () => void;
}

export class BlockInserter {
  readonly #sink: HourlySink;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #areMoreComing: () => boolean;
  readonly #stop = new AbortController();
  /** By partition and block, in order of arrival. */
  #waiting = new Map<string, Waiting>();
  #running = false;
  #failing = false;

  /** @param areMoreComing blocks of ended hours wait for a commit, and will be here in a moment; absent: never. */
  constructor(sink: HourlySink, clock: Clock, log: Log, areMoreComing: () => boolean = () => false) {
    this.#sink = sink;
    this.#clock = clock;
    this.#log = log;
    this.#areMoreComing = areMoreComing;
  }

  /** `confirm` is called once, when the rows can be read. */
  add(partition: number, block: SealedBlock, confirm: () => void): void {
    const key = `${String(partition)}.${String(block.block)}`;
    // The newest owner's: whoever added it before has nothing to confirm any more.
    this.#waiting.delete(key);
    this.#waiting.set(key, { block, confirm });
    if (!this.#running) void this.#run();
  }

  /** True where everything was inserted within `patienceMs`. */
  async drained(patienceMs: number): Promise<boolean> {
    const deadline = this.#clock.monotonicMs() + patienceMs;
    while (this.#running && this.#clock.monotonicMs() < deadline) await this.#clock.sleep(POLL_MS);
    return !this.#running;
  }

  stop(): void {
    this.#stop.abort();
  }

  /** Asks the database until it answers. */
  async patiently<T>(action: () => Promise<T>): Promise<T> {
    for (let waitMs = RETRY_MS_MIN; ; waitMs = Math.min(waitMs * 2, RETRY_MS_MAX)) {
      try {
        const result = await action();
        if (this.#failing) this.#log.info('ClickHouse answers again');
        this.#failing = false;
        return result;
      } catch (error) {
        if (this.#stop.signal.aborted) throw error;
        if (!this.#failing) this.#log.warn(`ClickHouse does not take rows, trying again: ${explain(error)}`);
        this.#failing = true;
        await this.#clock.sleep(waitMs, this.#stop.signal);
      }
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.size > 0 && !this.#stop.signal.aborted) {
        const endMs = this.#clock.monotonicMs() + INSERT_GATHER_MS_MAX;
        while (this.#isWorthWaiting(endMs)) await this.#clock.sleep(POLL_MS, this.#stop.signal);
        if (this.#stop.signal.aborted) break;
        const batch = this.#nextBatch();
        await this.patiently(() => this.#sink.insert(batch.map((waiting) => waiting.block)));
        for (const waiting of batch) waiting.confirm();
      }
    } catch {
      // Stopped while the database was away: the blocks are in the checkpoint, and the next owner inserts them.
    } finally {
      this.#running = false;
    }
  }

  #isWorthWaiting(endMs: number): boolean {
    if (!this.#areMoreComing() || this.#stop.signal.aborted || this.#clock.monotonicMs() >= endMs) return false;
    let [rows, bytes] = [0, 0];
    for (const { block } of this.#waiting.values()) {
      rows += block.rows;
      bytes += block.bytes.length;
    }
    return rows < INSERT_ROWS_MAX && bytes < INSERT_BYTES_MAX;
  }

  /** The oldest block and others of its month, as many as one INSERT may hold. */
  #nextBatch(): Waiting[] {
    let month: number | null = null;
    let [rows, bytes] = [0, 0];
    const batch: Waiting[] = [];
    for (const [key, waiting] of this.#waiting) {
      const { block } = waiting;
      month ??= block.month;
      if (block.month !== month || rows + block.rows > INSERT_ROWS_MAX) continue;
      if (bytes + block.bytes.length > INSERT_BYTES_MAX) continue;
      rows += block.rows;
      bytes += block.bytes.length;
      batch.push(waiting);
      this.#waiting.delete(key);
    }
    return batch;
  }
}
