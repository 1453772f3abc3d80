/**
 * The books of one partition (invariant 14): cumulative since the incarnation began, and how they stood at past times.
 *
 * Boundary: types and the two identities that must hold.
 *   messages taken = used + duplicate + rejected;  readings taken = counted + rejected.
 * Time in the books is the broker's time of receipt: which messages an entry counts is then decided by the stream alone,
 * whoever read it and however often.
 */
export interface LedgerTotals {
  /** Messages taken from the stream. */
  messages: number;
  /** Messages decoded whose readings were looked at (also where each of them was rejected). */
  messagesUsed: number;
  /** Messages sent twice, dropped by their source sequence. */
  messagesDuplicate: number;
  /** Messages rejected whole: their readings could not be told apart, or their sequence was stale. */
  messagesRejected: number;
  /** Readings added to a window. */
  readingsCounted: number;
  /** Of those, readings whose hour had been closed: corrections. */
  readingsLate: number;
  /** Readings that could not be used, one by one. */
  readingsRejected: number;
  /** Readings in the rows of all blocks sealed so far: counted = this + readings in open windows. */
  readingsSealed: number;
}

/** How the books of a partition stood when a period of {@link LEDGER_PERIOD_MS} ended. Made only for periods with messages. */
export interface LedgerEntry {
  /** End of the period: counted is what the broker received before, ms since 1970. */
  readonly atMs: number;
  /** `atMs` of the partition's entry before; 0: this is its first. A missing entry shows. */
  readonly sinceMs: number;
  /** Stream sequence of the last message that it counts. */
  readonly lastSequence: number;
  readonly totals: Readonly<LedgerTotals>;
}

/** A run of stream sequences that were gone before a partition had read them. */
export interface Gap {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
  /** How many of them are missing: all, but for a loss that was accepted without knowing where it lies. */
  readonly sequences: number;
  /** An operator has said that they will not come back. */
  readonly accepted: boolean;
}

/** What a committed checkpoint says about the books of its partition. */
export interface PartitionBooks {
  readonly partition: number;
  /** Next stream sequence to read. */
  readonly position: number;
  /** Of the last message taken. */
  readonly lastSequence: number;
  /** The broker's time of the newest message taken, ms since 1970; 0 before the first. */
  readonly newestReceivedMs: number;
  /** Everything that the broker received before has been taken. */
  readonly watermarkMs: number;
  readonly totals: Readonly<LedgerTotals>;
  /** The newest entries, oldest first: all that are not certain to be in the table, and some that are. */
  readonly ledger: readonly LedgerEntry[];
  /** In order. */
  readonly gaps: readonly Gap[];
}

export function emptyLedger(): LedgerTotals {
  return {
    messages: 0,
    messagesUsed: 0,
    messagesDuplicate: 0,
    messagesRejected: 0,
    readingsCounted: 0,
    readingsLate: 0,
    readingsRejected: 0,
    readingsSealed: 0,
  };
}

/** Adds `other` into `sum`. */
export function addLedger(sum: LedgerTotals, other: LedgerTotals): void {
  for (const key of Object.keys(sum) as (keyof LedgerTotals)[]) sum[key] += other[key];
}
