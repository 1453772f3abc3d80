import { describe, expect, it } from 'vitest';
import { roundedSum } from './exact-sum.ts';
import { Random } from './random.ts';

/** As the database writes a float64: sign * mantissa * 2^(exponent - 1074), cut into positions of 128. */
function digitOf(value: number): [position: number, digit: bigint] {
  const bits = new BigUint64Array(new Float64Array([value]).buffer)[0] ?? 0n;
  const biased = Number((bits >> 52n) & 2047n);
  const exponent = Math.max(biased, 1) - 1;
  const mantissa = (bits & (2n ** 52n - 1n)) + (biased === 0 ? 0n : 2n ** 52n);
  return [exponent >> 7, (value < 0 ? -1n : 1n) * (mantissa << BigInt(exponent & 127))];
}

function sumOf(values: readonly number[]): number | null {
  const digits = values.map(digitOf);
  return roundedSum(
    digits.map(([position]) => position),
    digits.map(([, digit]) => String(digit)),
  );
}

const EXTREMES = [0, 1, -1, 0.1, 1e308, -1e308, 5e-324, -5e-324, 2 ** -1022, Number.MAX_VALUE, 1e-300, 123456.789];

describe('the sum of digits', () => {
  it.each(EXTREMES)('of %d alone is the number', (value) => {
    expect(sumOf([value])).toBe(value === 0 ? 0 : value);
    expect(sumOf([value, -value])).toBe(0);
    for (const other of EXTREMES) expect(sumOf([value, other, -value])).toBe(other);
  });

  it('is rounded once, to even where it lies in the middle, and away from it by the least there is', () => {
    const big = 2 ** 53;
    expect(sumOf([big, 1])).toBe(big);
    expect(sumOf([big, 1, 5e-324])).toBe(big + 2);
    expect(sumOf([big, 1, -5e-324])).toBe(big);
    expect(sumOf([-big, -1, -5e-324])).toBe(-big - 2);
    expect(sumOf([-big, -1, 5e-324])).toBe(-big);
    expect(sumOf([1e300, 1e-300, -1e300])).toBe(1e-300);
    expect(sumOf([1e308, 5e-324])).toBe(1e308);
  });

  it('of whole numbers is the whole number', () => {
    const random = new Random(11);
    for (let round = 0; round < 200; round++) {
      const values = Array.from({ length: random.whole(1, 50) }, () => random.whole(-(2 ** 40), 2 ** 40) * 2 ** -20);
      expect(sumOf(values)).toBe(values.reduce((sum, value) => sum + value * 2 ** 20, 0) / 2 ** 20);
    }
  });

  it('beyond the largest float64 is null; of nothing it is 0', () => {
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE])).toBeNull();
    expect(sumOf([-Number.MAX_VALUE, -Number.MAX_VALUE])).toBeNull();
    expect(sumOf([Number.MAX_VALUE, Number.MAX_VALUE, -Number.MAX_VALUE])).toBe(Number.MAX_VALUE);
    expect(sumOf([])).toBe(0);
  });
});
