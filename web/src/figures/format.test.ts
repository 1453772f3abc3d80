import { describe, expect, it } from 'vitest';
import { age, decimalsFor, figure, figureWithUnit, percent, titleOf } from './format.ts';
import { unitOf } from './units.ts';

describe('figures as people read them', () => {
  it('have a true minus, groups of three from five digits on, and no sign where they round to nothing', () => {
    expect(figure(-4.25, 1)).toBe('−4.3');
    expect(figure(1_013.4, 1)).toBe('1013.4');
    expect(figure(1_234_567.8, 1)).toBe('1\u202f234\u202f567.8');
    expect(figure(-0.04, 1)).toBe('0.0');
  });

  it('that are not there are a dash, without a unit', () => {
    expect(figureWithUnit(null, 1, unitOf('Cel'))).toBe('–');
    expect(figureWithUnit(NaN, 1, unitOf('Cel'))).toBe('–');
    expect(figureWithUnit(21.53, 1, unitOf('Cel'))).toBe('21.5\u00a0°C');
  });

  it('get more decimals the closer together they are', () => {
    expect(decimalsFor(0, 1_000)).toBe(0);
    expect(decimalsFor(3, 18)).toBe(1);
    expect(decimalsFor(0.2, 1.9)).toBe(2);
    expect(decimalsFor(1_012.9, 1_013.1)).toBe(2);
    expect(decimalsFor(Infinity, -Infinity)).toBe(0);
  });

  it('all but one in a thousand is not all', () => {
    expect([1, 0.999, 0.29].map(percent)).toEqual(['100', '99', '29'].map((text) => `${text}\u202f%`));
  });

  it('ages are in the unit that says enough', () => {
    expect([0, 59_000, 120_000, 3 * 3_600_000, 72 * 3_600_000].map(age)).toEqual(
      ['0 s', '59 s', '2 min', '3 h', '3 days'].map((text) => text.replace(' ', '\u00a0')),
    );
  });

  it('an address becomes a name', () => {
    expect(['old-town', 'vehicleCount', 'north_west-2'].map(titleOf)).toEqual([
      'Old town',
      'Vehicle count',
      'North west 2',
    ]);
  });
});
