/**
 * Double-double arithmetic: a number as an unevaluated sum `hi + lo` of two float64.
 *
 * Job: sums that lose nothing a user could see (contract, section 3), the same in the actors and wherever rows
 * of one hour are added up. Boundary: pure arithmetic.
 * Invariant: after {@link addTo} `hi` is the float64 nearest to `hi + lo`.
 * Error: adding n numbers costs at most about n · 2^-105 · Σ|v| (Hida, Li, Bailey 2001, "Library for double-double
 * and quad-double arithmetic", sloppy addition of a float64); CELL_READINGS_MAX keeps n below 2^15.
 */

export interface DoubleDouble {
  hi: number;
  lo: number;
}

/** Adds the float64 `value` in place. Overflow leaves `hi` non-finite; see {@link roundedOrNull}. */
export function addTo(sum: DoubleDouble, value: number): void {
  const hi = sum.hi + value;
  const carried = hi - sum.hi;
  const error = sum.hi - (hi - carried) + (value - carried) + sum.lo;
  sum.hi = hi + error;
  sum.lo = error - (sum.hi - hi);
}

/** Adds another double-double in place. */
export function addPairTo(sum: DoubleDouble, hi: number, lo: number): void {
  addTo(sum, hi);
  addTo(sum, lo);
}

/** The float64 nearest to the sum; null where it overflowed (contract: "a sum that overflows is null"). */
export function roundedOrNull(sum: DoubleDouble): number | null {
  const value = Number.isFinite(sum.lo) ? sum.hi + sum.lo : sum.hi;
  return Number.isFinite(value) ? value : null;
}
