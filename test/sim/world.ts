/**
 * Time, and lives that can be frozen or ended at any await.
 *
 * Job: one queue of events in virtual time; between two of them every promise that can go on has gone on. Boundary:
 * knows no broker and no actor. Invariant: the same seed gives the same order of events.
 */
import type { Clock } from '../../src/model/clock.ts';
import type { Random } from '../../src/model/random.ts';

interface Event {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class World {
  readonly random: Random;
  nowMs: number;
  #queue: Event[] = [];
  #order = 0;
  events = 0;

  constructor(random: Random, startMs: number) {
    this.random = random;
    this.nowMs = startMs;
  }

  in(delayMs: number, run: () => void): void {
    const event = { atMs: this.nowMs + Math.max(0, delayMs), order: this.#order++, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (isBefore(event, this.#queue[middle]!)) high = middle;
      else low = middle + 1;
    }
    this.#queue.splice(low, 0, event);
  }

  /** Runs events until the condition holds (looked at between events) or the time is over. True where it holds. */
  async runUntil(condition: () => boolean, lastMs: number): Promise<boolean> {
    await settled();
    while (!condition()) {
      const event = this.#queue[0];
      if (event === undefined || event.atMs > lastMs) {
        this.nowMs = Math.max(this.nowMs, lastMs);
        return condition();
      }
      this.#queue.shift();
      this.nowMs = event.atMs;
      this.events += 1;
      event.run();
      await settled();
    }
    return true;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** Every promise that can go on has gone on: a macrotask comes after all microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** A process: while it is frozen nothing reaches it, once it is dead nothing ever does. */
export class Life {
  readonly name: string;
  readonly #world: World;
  isDead = false;
  #frozenUntilMs = 0;
  #cutOffUntilMs = 0;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
  }

  get isFrozen(): boolean {
    return this.#frozenUntilMs > this.#world.nowMs;
  }

  kill(): void {
    this.isDead = true;
  }

  freeze(forMs: number): void {
    this.#frozenUntilMs = this.#world.nowMs + forMs;
  }

  /** It runs, but reaches no server. */
  get isCutOff(): boolean {
    return this.#cutOffUntilMs > this.#world.nowMs;
  }

  cutOff(forMs: number): void {
    this.#cutOffUntilMs = this.#world.nowMs + forMs;
  }

  /** Runs in this process after the delay, or when it wakes. */
  in(delayMs: number, run: () => void): void {
    this.#world.in(delayMs, () => {
      if (this.isDead) return;
      if (this.isFrozen) this.in(this.#frozenUntilMs - this.#world.nowMs, run);
      else run();
    });
  }

  clock(): Clock {
    return {
      nowMs: () => this.#world.nowMs,
      monotonicMs: () => this.#world.nowMs,
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          if (signal?.aborted === true) {
            resolve();
            return;
          }
          const wake = (): void => {
            signal?.removeEventListener('abort', wake);
            resolve();
          };
          this.in(ms, wake);
          signal?.addEventListener('abort', wake, { once: true });
        }),
    };
  }
}
