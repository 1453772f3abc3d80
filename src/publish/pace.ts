/** So many readings a second, steadily. Boundary: time comes in as a clock. */
import type { Clock } from '../model/clock.ts';

export class Pace {
  readonly #clock: Clock;
  readonly #perSecond: number;
  #startMs: number | null = null;
  #sent = 0;

  constructor(clock: Clock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Resolves when so many more may be sent; what was missed while the sender waited is made good within a second. */
  async take(readings: number, signal?: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    this.#startMs ??= nowMs;
    const dueMs = this.#startMs + (this.#sent * 1_000) / this.#perSecond;
    if (nowMs - dueMs > 1_000) this.#startMs += nowMs - dueMs - 1_000;
    this.#sent += readings;
    if (dueMs > nowMs) await this.#clock.sleep(dueMs - nowMs, signal);
  }
}
