/**
 * Exact sums as the rollups hold them: digits to the base 2^128 (infra/clickhouse/0002_rollups.sql).
 *
 * Job: adds digits up and rounds once. Boundary: pure arithmetic on whole numbers of any length.
 * A digit `d` at position `p` is worth d * 2^(128 p - 1074); digits may be negative, and larger than the base.
 */

const DIGIT_BITS = 128;
/** The least positive float64 is 2^-1074: what position 0 counts. */
const LEAST_EXPONENT = 1074;
/** Bits that a whole number may have and still be below the largest float64. */
const WHOLE_BITS_MAX = 1_000n;

/**
 * The float64 nearest to the sum; null where it is beyond the largest.
 *
 * @param digits decimal, one a position; a position may come several times.
 */
export function roundedSum(positions: readonly number[], digits: readonly string[]): number | null {
  if (positions.length === 0) return 0;
  const least = Math.min(...positions);
  let sum = 0n;
  for (const [at, position] of positions.entries())
    sum += BigInt(digits[at] ?? 0) << BigInt((position - least) * DIGIT_BITS);
  let exponent = least * DIGIT_BITS - LEAST_EXPONENT;
  const bits = BigInt((sum < 0n ? -sum : sum).toString(16).length * 4);
  if (bits > WHOLE_BITS_MAX) {
    // Bits far below the last one that counts only say whether there is something: then the number is odd, and no tie.
    const dropped = bits - WHOLE_BITS_MAX;
    const kept = sum >> dropped;
    sum = kept << dropped === sum ? kept : kept | 1n;
    exponent += Number(dropped);
  }
  const value = scaled(Number(sum), exponent);
  return Number.isFinite(value) ? value : null;
}

/** value * 2^exponent. In two steps: 2^exponent alone may be beyond what a float64 holds where the result is not. */
function scaled(value: number, exponent: number): number {
  const half = Math.trunc(exponent / 2);
  return value * 2 ** half * 2 ** (exponent - half);
}
