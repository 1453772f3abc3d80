/**
 * The queue between committed blocks and ClickHouse.
 *
 * Job: one INSERT at a time, with as many waiting blocks of one month as fit; again and again until it succeeds.
 * Boundary: knows blocks, not partitions. Invariant 13: the queue holds references to blocks that the outboxes
 * already count; retries are spaced, never given up.
 */
import type { SealedBlock } from '../actors/outbox.ts';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import { BLOCK_ROWS_MAX } from '../model/limits.ts';
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
  readonly #stop = new AbortController();
  #waiting: Waiting[] = [];
  #running = false;
  #failing = false;

  constructor(sink: HourlySink, clock: Clock, log: Log) {
    this.#sink = sink;
    this.#clock = clock;
    this.#log = log;
  }

  /** `confirm` is called once, when the rows can be read. */
  add(block: SealedBlock, confirm: () => void): void {
    this.#waiting.push({ block, confirm });
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
      while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
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

  /** The oldest block and others of its month, up to the rows of one insert block. */
  #nextBatch(): Waiting[] {
    const month = this.#waiting[0]?.block.month;
    let rows = 0;
    const batch: Waiting[] = [];
    const rest: Waiting[] = [];
    for (const waiting of this.#waiting) {
      const fits = waiting.block.month === month && rows + waiting.block.rows <= BLOCK_ROWS_MAX;
      if (fits) rows += waiting.block.rows;
      (fits ? batch : rest).push(waiting);
    }
    this.#waiting = rest;
    return batch;
  }
}
