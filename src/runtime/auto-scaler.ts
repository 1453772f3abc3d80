/**
 * `--auto`: a node's pool follows backlog and processors, between bounds.
 *
 * Job: looks at the figures every two seconds, asks {@link decideScale}, resizes. Boundary: the pool and the machine's
 * processors come in as functions; the decision is not made here. A pool that is set by hand stays as it was set.
 */
import { availableParallelism, cpus } from 'node:os';
import type { Clock } from '../model/clock.ts';
import type { PoolBounds } from '../model/cluster.ts';
import { AUTO_LOOK_MS } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import {
  decideScale,
  DEFAULT_PACE,
  NO_MEMORY,
  type PoolFigures,
  type ScaleMemory,
  type ScalePace,
} from './scale-decision.ts';
import type { HostStats } from './thread-messages.ts';

export interface ScaledPool {
  workers(): number;
  /** Figures of the threads that have told theirs. */
  threads(): readonly HostStats[];
  resize(workers: number): Promise<void>;
}

export interface AutoScalerPorts {
  readonly pool: ScaledPool;
  readonly clock: Clock;
  readonly log: Log;
  /** Processors that nobody used since the last call, as a sum of shares. */
  readonly freeCores?: () => number;
  readonly pace?: ScalePace;
}

export class AutoScaler {
  readonly #ports: AutoScalerPorts;
  readonly #freeCores: () => number;
  #bounds: PoolBounds | null = null;
  #memory: ScaleMemory = NO_MEMORY;
  readonly #stop = new AbortController();
  readonly #looking: Promise<void>;
  /** Messages taken by each thread at the last look. */
  #taken = new Map<string, number>();
  #lookedMs: number;
  #messagesPerSecond = 0;

  constructor(ports: AutoScalerPorts) {
    this.#ports = ports;
    this.#freeCores = ports.freeCores ?? measureFreeCores();
    this.#lookedMs = ports.clock.monotonicMs();
    this.#looking = this.#lookUntilStopped();
  }

  /** Null while the pool is set by hand. */
  get bounds(): PoolBounds | null {
    return this.#bounds;
  }

  /** Follows from now on, and is between the bounds when this resolves. */
  async follow(bounds: PoolBounds): Promise<void> {
    this.#bounds = bounds;
    this.#memory = NO_MEMORY;
    const { pool, log } = this.#ports;
    log.info(`worker threads follow the load, ${String(bounds.min)} to ${String(bounds.max)} of them`);
    await pool.resize(Math.min(bounds.max, Math.max(bounds.min, pool.workers())));
  }

  /** The pool is set by hand from now on. */
  turnOff(): void {
    if (this.#bounds !== null) this.#ports.log.info('worker threads no longer follow the load: they were set by hand');
    this.#bounds = null;
  }

  async stop(): Promise<void> {
    this.#bounds = null;
    this.#stop.abort();
    await this.#looking;
  }

  async #lookUntilStopped(): Promise<void> {
    const { clock, pool, log, pace = DEFAULT_PACE } = this.#ports;
    for (;;) {
      await clock.sleep(AUTO_LOOK_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      const figures = this.#figures();
      if (this.#bounds === null) continue;
      const { workers, memory } = decideScale(figures, this.#bounds, this.#memory, pace);
      this.#memory = memory;
      if (workers === figures.workers) continue;
      log.info(
        `following the load: backlog ${String(figures.backlog)} messages, ${figures.messagesPerSecond.toFixed(0)} taken/s, ${figures.busyThreads.toFixed(1)} of ${String(figures.workers)} threads busy, ${figures.freeCores.toFixed(1)} processors free`,
      );
      try {
        await pool.resize(workers);
      } catch (error) {
        log.warn(`the pool could not follow the load: ${String(error)}`);
      }
      // Handing over may have taken a while.
      this.#memory = { ...memory, changedMs: clock.monotonicMs() };
    }
  }

  #figures(): PoolFigures {
    const { clock, pool } = this.#ports;
    const nowMs = clock.monotonicMs();
    const threads = pool.threads();
    let taken = 0;
    for (const { owner, taken: now } of threads) {
      const before = this.#taken.get(owner) ?? 0;
      // Less than before: it was started again.
      taken += now >= before ? now - before : now;
    }
    const sinceMs = Math.max(1, nowMs - this.#lookedMs);
    this.#taken = new Map(threads.map((thread) => [thread.owner, thread.taken]));
    this.#lookedMs = nowMs;
    // Reports come when they come: one look alone may see two of them, or none.
    this.#messagesPerSecond = (this.#messagesPerSecond + (taken * 1_000) / sinceMs) / 2;
    return {
      nowMs,
      workers: pool.workers(),
      backlog: threads.reduce((sum, { backlog }) => sum + backlog, 0),
      messagesPerSecond: this.#messagesPerSecond,
      busyThreads: threads.reduce((sum, { busyShare }) => sum + busyShare, 0),
      freeCores: this.#freeCores(),
      isHeldBack: threads.some(({ isHeldBack }) => isHeldBack),
    };
  }
}

/** Of all processors of the machine, whoever uses them: those of the broker and the database are not free either. */
function measureFreeCores(): () => number {
  let before = cpuTimes();
  return () => {
    const now = cpuTimes();
    const total = now.total - before.total;
    const idle = now.idle - before.idle;
    before = now;
    return total <= 0 ? 0 : (idle / total) * availableParallelism();
  };
}

function cpuTimes(): { idle: number; total: number } {
  let idle = 0;
  let total = 0;
  for (const { times } of cpus()) {
    idle += times.idle;
    total += times.user + times.nice + times.sys + times.irq + times.idle;
  }
  return { idle, total };
}
