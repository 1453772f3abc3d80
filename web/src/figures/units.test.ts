import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { choicesOf, choose, convert, NO_UNIT, shownUnit, unitOf } from './units.ts';

const shown = (value: number, from: string, to: string): number => convert(value, unitOf(from), unitOf(to));

describe('units', () => {
  it('convert as the tables of physics have it', () => {
    expect(shown(0, 'Cel', '[degF]')).toBeCloseTo(32, 9);
    expect(shown(100, 'Cel', '[degF]')).toBeCloseTo(212, 9);
    expect(shown(-40, '[degF]', 'Cel')).toBeCloseTo(-40, 9);
    expect(shown(0, 'K', 'Cel')).toBeCloseTo(-273.15, 9);
    expect(shown(100, 'km/h', '[mi_i]/h')).toBeCloseTo(62.137_119, 5);
    expect(shown(36, 'km/h', 'm/s')).toBeCloseTo(10, 9);
    expect(shown(1_013.25, 'hPa', '[in_i\u0027Hg]')).toBeCloseTo(29.921, 3);
    expect(shown(1, 'm3/h', 'L/min')).toBeCloseTo(16.666_667, 5);
    expect(shown(1, 'kW.h', 'MJ')).toBeCloseTo(3.6, 9);
    expect(shown(1_000, 'ug/m3', 'mg/m3')).toBeCloseTo(1, 12);
  });

  it('there and back is where one was, between all that measure the same', () => {
    const own = fc.constantFrom('Cel', 'km/h', 'hPa', 'ug/m3', 'kW', 'kW.h', 'L/min', 'mm').map(unitOf);
    const pair = own.chain((unit) => fc.tuple(fc.constant(unit), fc.constantFrom(...choicesOf(unit))));
    fc.assert(
      fc.property(pair, fc.double({ min: -1e4, max: 1e4, noNaN: true }), ([from, to], value) => {
        expect(convert(convert(value, from, to), to, from)).toBeCloseTo(value, 6);
      }),
    );
  });

  it('a choice takes the place of the one for the same kind of quantity, and leaves the others', () => {
    const first = choose([], unitOf('[degF]'));
    const second = choose(first, unitOf('[mi_i]/h'));
    expect(second).toEqual(['[degF]', '[mi_i]/h']);
    expect(choose(second, unitOf('K'))).toEqual(['[mi_i]/h', 'K']);
    expect(shownUnit(unitOf('Cel'), second).symbol).toBe('°F');
    expect(shownUnit(unitOf('ug/m3'), second).symbol).toBe('µg/m³');
  });

  it('a code that is not known is shown as it is, and converts to nothing else', () => {
    expect(unitOf('{vehicles}/h')).toMatchObject({ symbol: 'vehicles/h', code: '{vehicles}/h' });
    expect(choicesOf(unitOf('{vehicles}/h'))).toHaveLength(1);
    expect(unitOf(null)).toBe(NO_UNIT);
    expect(shownUnit(unitOf('{vehicles}'), ['[degF]']).code).toBe('{vehicles}');
  });
});
