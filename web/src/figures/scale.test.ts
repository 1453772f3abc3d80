import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { markDecimals, scaleOf, shareOf } from './scale.ts';

describe('a scale', () => {
  it('holds all its values between round ends', () => {
    const values = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, (all) => {
        const scale = scaleOf(all);
        const rounding = 1e-8 * (scale.high - scale.low);
        for (const value of all) {
          expect(value).toBeGreaterThanOrEqual(scale.low - rounding);
          expect(value).toBeLessThanOrEqual(scale.high + rounding);
        }
        expect(scale.marks.length).toBeGreaterThanOrEqual(2);
        expect(scale.marks.length).toBeLessThanOrEqual(8);
      }),
    );
  });

  it('has marks that people would choose', () => {
    expect(scaleOf([4.1, 17.3]).marks).toEqual([0, 5, 10, 15, 20]);
    expect(scaleOf([0.31, 1.42]).marks).toEqual([0, 0.5, 1, 1.5]);
    expect(markDecimals(scaleOf([0.31, 1.42]))).toBe(1);
  });

  it('makes room around a single value, and stands for nothing where there is none', () => {
    expect(shareOf(scaleOf([20]), 20)).toBeCloseTo(0.5, 1);
    expect(scaleOf([])).toEqual({ low: 0, high: 1, marks: [0, 1] });
  });
});
