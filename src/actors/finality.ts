/**
 * Through which time hours are final: they are closed, and every block sealed up to then is in the tables.
 *
 * Job: remembers behind which block hours were closed. Boundary: memory; whether a block is confirmed, the outbox knows.
 * Invariant 7: it only moves on.
 */
import type { Outbox } from './outbox.ts';

export class Finality {
  #throughMs: number;
  /** Hours up to `throughMs` are final when every block below `block` is confirmed. */
  readonly #closed: { readonly throughMs: number; readonly block: number }[] = [];

  /** @param throughMs of a checkpoint, ms since 1970. */
  constructor(throughMs: number) {
    this.#throughMs = throughMs;
  }

  /** Hours that end at or before this are closed; all their blocks have numbers below `nextBlock`. */
  close(throughMs: number, nextBlock: number): void {
    this.#closed.push({ throughMs, block: nextBlock });
  }

  /** True where closed hours wait for the database, as far as anybody has looked. */
  get isWaiting(): boolean {
    return this.#closed.length > 0;
  }

  /** ms since 1970. */
  throughMs(outbox: Outbox): number {
    while (this.#closed.length > 0 && outbox.confirmedBelow(this.#closed[0]!.block))
      this.#throughMs = Math.max(this.#throughMs, this.#closed.shift()!.throughMs);
    return this.#throughMs;
  }
}
