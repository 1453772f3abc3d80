/**
 * How long a member that loses its lease again and again wants no partition.
 *
 * Job: doubles the rest with each loss, forgets them after a calm time. Boundary: pure; times are the caller's monotonic ms.
 * Why: a member without processor time falls silent, others claim, load and read what it had, and fall silent in their turn:
 * without a rest, partitions go round for ever on a machine that could carry them with fewer members.
 */
import { REST_CALM_MS, REST_MS_MAX, REST_MS_MIN } from '../../model/limits.ts';

export class Rest {
  #lengthMs = 0;
  #untilMs = -Infinity;

  /** Of the last loss; 0 where it was the first for a long time. */
  get lengthMs(): number {
    return this.#lengthMs;
  }

  leaseLost(nowMs: number): void {
    const again = nowMs - this.#untilMs <= REST_CALM_MS;
    this.#lengthMs = again ? Math.min(Math.max(2 * this.#lengthMs, REST_MS_MIN), REST_MS_MAX) : 0;
    this.#untilMs = nowMs + this.#lengthMs;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#untilMs;
  }
}
