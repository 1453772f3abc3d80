/**
 * The books of one partition (invariant 14): cumulative since the incarnation began.
 *
 * Boundary: a type and the two identities that must hold.
 *   messages taken = used + duplicate + rejected;  readings taken = counted + rejected.
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
