/**
 * How far event time has come in one partition (invariant 7).
 *
 * Job: watermark = min(event time, broker time) - allowed disorder, monotone; for a partition to which nothing has
 * come for a while it follows the thread's frontier. Boundary: every time is handed in; no clock here.
 * Invariant: `ms` never falls, whatever the order of events.
 */

/** How long a partition must have been without messages before it follows the frontier. */
export const PARTITION_IDLE_MS = 2_000;

export class Watermark {
  readonly #disorderMs: number;
  #ms: number;
  #lastReceivedMs: number;

  constructor(disorderMs: number, ms = 0, lastReceivedMs = 0) {
    this.#disorderMs = disorderMs;
    this.#ms = ms;
    this.#lastReceivedMs = lastReceivedMs;
  }

  get ms(): number {
    return this.#ms;
  }

  /** A message whose newest reading is from `eventMs` (-Infinity: it had none) came to the broker at `receivedMs`. */
  observe(eventMs: number, receivedMs: number): void {
    if (receivedMs > this.#lastReceivedMs) this.#lastReceivedMs = receivedMs;
    this.#raise(Math.min(eventMs, receivedMs) - this.#disorderMs);
  }

  /**
   * Everything that reached the broker before `frontierMs` (broker time) has been counted here. Only evidence from
   * the broker may be handed in: a message of a later time, or its word that nothing is pending.
   */
  followFrontier(frontierMs: number): void {
    if (frontierMs - this.#lastReceivedMs >= PARTITION_IDLE_MS) this.#raise(frontierMs - this.#disorderMs);
  }

  #raise(ms: number): void {
    if (ms > this.#ms) this.#ms = ms;
  }
}
