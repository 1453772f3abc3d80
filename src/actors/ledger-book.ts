/**
 * How the books of one partition stood at the end of each period of receipt (invariant 14).
 *
 * Job: closes an entry when a message of a later period comes. Boundary: pure; the totals are the actor's. Entries are
 * part of the checkpoint until they are in the table, as the outbox is: a commit that is lost takes its entries along.
 * Invariant: periods only move on, also where the broker's clock goes back: such a message counts in the running one.
 */
import type { LedgerEntry, LedgerTotals } from '../model/ledger.ts';

/** Entries that stay in the checkpoint though the table has them: the newest points at which partitions are compared. */
const ENTRIES_KEPT = 2;

/** What a checkpoint holds of it. */
export interface LedgerBookState {
  readonly ledger: readonly LedgerEntry[];
  /** Entries up to this are in the table. */
  readonly ledgerStoredMs: number;
  readonly newestReceivedMs: number;
}

export class LedgerBook {
  readonly #periodMs: number;
  #entries: LedgerEntry[];
  #storedMs: number;
  #newestMs: number;
  /** A message from here on belongs to a later period. */
  #periodEndMs: number;

  constructor(periodMs: number, state: LedgerBookState) {
    this.#periodMs = periodMs;
    this.#entries = [...state.ledger];
    this.#storedMs = state.ledgerStoredMs;
    this.#newestMs = state.newestReceivedMs;
    this.#periodEndMs = this.#newestMs === 0 ? 0 : this.#endOf(this.#newestMs);
  }

  /** Entries that are not certain to be in the table. */
  get waiting(): number {
    let count = 0;
    for (let at = this.#entries.length - 1; at >= 0 && this.#entries[at]!.atMs > this.#storedMs; at--) count += 1;
    return count;
  }

  /** Entries up to this are in the table, ms since 1970. */
  get storedMs(): number {
    return this.#storedMs;
  }

  /** A message comes. `totals` and `lastSequence` are those before it. */
  observe(receivedMs: number, totals: LedgerTotals, lastSequence: number): void {
    if (receivedMs >= this.#periodEndMs) {
      if (this.#newestMs > 0) {
        const sinceMs = this.#entries.at(-1)?.atMs ?? 0;
        this.#entries.push({ atMs: this.#periodEndMs, sinceMs, lastSequence, totals: { ...totals } });
      }
      this.#periodEndMs = this.#endOf(receivedMs);
    }
    if (receivedMs > this.#newestMs) this.#newestMs = receivedMs;
  }

  /** The table has the entries up to this. */
  stored(throughMs: number): void {
    this.#storedMs = Math.max(this.#storedMs, throughMs);
    const kept = this.#entries.length - Math.max(ENTRIES_KEPT, this.waiting);
    if (kept > 0) this.#entries.splice(0, kept);
  }

  snapshot(): LedgerBookState {
    return { ledger: [...this.#entries], ledgerStoredMs: this.#storedMs, newestReceivedMs: this.#newestMs };
  }

  #endOf(receivedMs: number): number {
    return (Math.floor(receivedMs / this.#periodMs) + 1) * this.#periodMs;
  }
}
