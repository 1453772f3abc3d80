import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AUTO_FREE_CORES_MIN } from '../model/limits.ts';
import type { PoolBounds } from '../model/cluster.ts';
import { decideScale, DEFAULT_PACE, NO_MEMORY, type PoolFigures } from './scale-decision.ts';

const LOOK_MS = 2_000;
/** Messages one thread takes per second while it has a processor. */
const THREAD_PER_S = 10_000;

const EXACT = (): number => 1;

/** A machine, a load and a pool that follows it; figures with a little noise. */
class Machine {
  readonly changes: number[] = [];
  readonly #cores: number;
  readonly #bounds: PoolBounds;
  #memory = NO_MEMORY;
  #nowMs = 0;
  workers: number;
  backlog: number;

  constructor(cores: number, bounds: PoolBounds, { workers = bounds.min, backlog = 0 } = {}) {
    this.#cores = cores;
    this.#bounds = bounds;
    this.workers = workers;
    this.backlog = backlog;
  }

  /** @param load what comes in, in threads that are fully at work. */
  run(seconds: number, load: number, { noise = EXACT, isHeldBack = false } = {}): void {
    for (const untilMs = this.#nowMs + seconds * 1_000; this.#nowMs < untilMs; this.#nowMs += LOOK_MS) {
      const capacity = isHeldBack ? 0 : Math.min(this.workers, this.#cores);
      const waiting = this.backlog + (load * THREAD_PER_S * LOOK_MS) / 1_000;
      const taken = Math.min(waiting, (capacity * THREAD_PER_S * LOOK_MS) / 1_000);
      const busy = (taken / THREAD_PER_S / LOOK_MS) * 1_000;
      this.backlog = waiting - taken;
      const figures: PoolFigures = {
        nowMs: this.#nowMs,
        workers: this.workers,
        backlog: Math.round(this.backlog),
        messagesPerSecond: (taken / LOOK_MS) * 1_000 * noise(),
        busyThreads: Math.min(this.workers, busy * noise()),
        freeCores: Math.max(0, this.#cores - busy) * noise(),
        isHeldBack,
      };
      const { workers, memory } = decideScale(figures, this.#bounds, this.#memory);
      this.#memory = memory;
      if (workers !== this.workers) this.changes.push(workers - this.workers);
      this.workers = workers;
      if (workers < this.#bounds.min || workers > this.#bounds.max)
        throw new Error(`${String(workers)} threads are outside of ${JSON.stringify(this.#bounds)}`);
    }
  }
}

const bounds = fc.tuple(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 12 })).map(([min, more]) => ({
  min,
  max: min + more,
}));

/** Within 2 %, from a seed. */
function noiseOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return 0.98 + (state / 2 ** 32) * 0.04;
  };
}

describe('a pool that follows the load', () => {
  it('never flaps on a constant load, and never leaves its bounds', () => {
    fc.assert(
      fc.property(
        bounds,
        fc.integer({ min: 1, max: 16 }),
        fc.double({ min: 0, max: 20, noNaN: true }),
        fc.integer({ min: 0, max: 500_000 }),
        fc.nat(),
        (range, cores, load, backlog, seed) => {
          const machine = new Machine(cores, range, { backlog });
          machine.run(2 * 3_600, load, { noise: noiseOf(seed) });
          // A backlog to begin with may ask for more threads than the load needs for good: up, down, and no more.
          const firstDown = machine.changes.findIndex((change) => change < 0);
          if (firstDown >= 0) expect(machine.changes.slice(firstDown).every((change) => change < 0)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is back inside at once where it was outside its bounds', () => {
    for (const [workers, want] of [
      [1, 3],
      [9, 5],
    ] as const) {
      const machine = new Machine(8, { min: 3, max: 5 }, { workers });
      machine.run(2, 0);
      expect(machine.workers).toBe(want);
    }
  });

  it('grows within 10 s where messages wait and processors are free', () => {
    const machine = new Machine(8, { min: 1, max: 8 });
    machine.run(600, 0.5);
    expect(machine.workers).toBe(1);
    machine.run(10, 3);
    expect(machine.workers).toBe(2);
    machine.run(30, 3);
    expect(machine.workers).toBeGreaterThanOrEqual(4);
    machine.run(600, 3);
    expect(machine.backlog).toBe(0);
  });

  it('does not grow where no processor is free', () => {
    const machine = new Machine(2, { min: 2, max: 8 });
    machine.run(600, 3);
    expect(machine.backlog).toBeGreaterThan(0);
    expect(machine.workers).toBe(2);
    const figures = { workers: 2, backlog: 1e6, messagesPerSecond: 1, busyThreads: 2, isHeldBack: false };
    const [before, enough] = [AUTO_FREE_CORES_MIN - 0.01, AUTO_FREE_CORES_MIN];
    for (const [freeCores, want] of [
      [before, 2],
      [enough, 3],
    ] as const) {
      const first = decideScale({ ...figures, nowMs: 0, freeCores }, { min: 1, max: 8 }, NO_MEMORY);
      const nowMs = DEFAULT_PACE.growAfterMs;
      expect(decideScale({ ...figures, nowMs, freeCores }, { min: 1, max: 8 }, first.memory).workers).toBe(want);
    }
  });

  it('does not grow where it is the database that is behind', () => {
    const machine = new Machine(8, { min: 1, max: 8 });
    machine.run(3_600, 2, { isHeldBack: true });
    expect(machine.workers).toBe(1);
    machine.run(20, 2);
    expect(machine.workers).toBeGreaterThan(1);
  });

  it('shrinks only after minutes of calm, and one by one', () => {
    const machine = new Machine(8, { min: 1, max: 8 }, { workers: 4 });
    machine.run(DEFAULT_PACE.shrinkAfterMs / 1_000 - 4, 0.1);
    expect(machine.workers).toBe(4);
    machine.run(10, 0.1);
    expect(machine.workers).toBe(3);
    // Work for a moment: the wait begins anew.
    machine.run(DEFAULT_PACE.shrinkAfterMs / 1_000 - 20, 0.1);
    machine.run(4, 3);
    machine.run(DEFAULT_PACE.shrinkAfterMs / 1_000 - 20, 0.1);
    expect(machine.workers).toBe(3);
    machine.run(3_600, 0.1);
    expect(machine.workers).toBe(1);
    expect(machine.changes).toEqual([-1, -1, -1]);
  });
});
