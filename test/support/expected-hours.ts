/**
 * Recorded readings' exact hours, and the comparison with what the program says.
 *
 * Boundary: tests only. Expected: `sensor,metric,hour_utc,count,sum,min,max`, the sum exact and correctly rounded.
 * Sums may differ by one unit in the last place where Σ|v| ≤ 2^40·|Σv| (contract, section 3); elsewhere by
 * 2^-90·Σ|v| before the final rounding, so by that and a rounding.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';

export interface Figures {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

/** By `sensor|metric|hour as ISO 8601`. */
export type Hours = Map<string, Figures>;

export function readExpected(file: string): Hours {
  const rows: string[][] = parse(gunzipSync(readFileSync(file)), { from_line: 2 });
  return new Map(
    rows.map(([sensor = '', metric = '', hour = '', count, sum, min, max]) => [
      `${sensor}|${metric}|${hour}`,
      { count: Number(count), sum: Number(sum), min: Number(min), max: Number(max) },
    ]),
  );
}

/** What is wrong, one line each; empty where all is right. */
export function differences(expected: Hours, found: Hours): string[] {
  const wrong: string[] = [];
  for (const [key, want] of expected) {
    const have = found.get(key);
    if (have === undefined) wrong.push(`${key} is missing`);
    else if (have.count !== want.count || have.min !== want.min || have.max !== want.max || !isSameSum(want, have.sum))
      wrong.push(`${key} is ${JSON.stringify(have)}, must be ${JSON.stringify(want)}`);
  }
  for (const key of found.keys()) if (!expected.has(key)) wrong.push(`${key} is not in the data`);
  return wrong;
}

function isSameSum({ count, sum, min, max }: Figures, found: number): boolean {
  if (found === sum) return true;
  const absolute = count * Math.max(Math.abs(min), Math.abs(max));
  const apart = Math.abs(found - sum);
  if (absolute <= 2 ** 40 * Math.abs(sum)) return apart <= ulp(sum);
  return apart <= absolute * 2 ** -90 + ulp(sum);
}

/** Distance to the next float64. */
function ulp(value: number): number {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, Math.abs(value));
  bits.setBigInt64(0, bits.getBigInt64(0) + 1n);
  return bits.getFloat64(0) - Math.abs(value);
}
