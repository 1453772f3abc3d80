/**
 * Ends what a command has started, newest first, within the time a container gives.
 *
 * Invariant: nothing here is needed for correctness; what is cut off is done again from the checkpoints.
 */
import { systemClock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import { DRAIN_MS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';

export class Closers {
  readonly #log: Log;
  readonly #steps: { what: string; close: () => Promise<void> }[][] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  /** What is added in one call ends together. */
  add(...steps: { what: string; close: () => Promise<void> }[]): void {
    this.#steps.push(steps);
  }

  /** False where something could not be ended, or not in time. */
  async closeAll(): Promise<boolean> {
    const late = new AbortController();
    const closing = this.#closeInTurn();
    const timedOut = systemClock.sleep(DRAIN_MS_MAX, late.signal).then(() => null);
    const done = await Promise.race([closing, timedOut]);
    late.abort();
    if (done === null) this.#log.error('could not drain in time; the next start goes on from the last checkpoints');
    return done ?? false;
  }

  async #closeInTurn(): Promise<boolean> {
    let clean = true;
    for (let steps = this.#steps.pop(); steps !== undefined; steps = this.#steps.pop()) {
      const results = await Promise.allSettled(steps.map((step) => step.close()));
      for (const [at, result] of results.entries()) {
        if (result.status === 'fulfilled') continue;
        clean = false;
        this.#log.error(`${steps[at]?.what ?? ''} did not end well: ${explain(result.reason)}`);
      }
    }
    return clean;
  }
}
