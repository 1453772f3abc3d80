import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PackedFigures } from './packed-figures.ts';

const whole = fc.nat({ max: 2 ** 53 - 1 });
const value = fc.double({ noNaN: true, noDefaultInfinity: true });
const row = fc.record({
  city: fc.constantFrom('lisbon', 'porto'),
  district: fc.constantFrom('alfama', 'baixa', null),
  kind: fc.constantFrom('air', 'noise'),
  begins: fc.nat({ max: 40 }),
  blocks: whole,
  count: whole,
  sum: fc.option(value),
  min: value,
  max: value,
  sensors: whole,
  revision: whole,
  sensorHours: whole,
});

it('gives the rows that it was given, in their order, those of a span but for others', () => {
  fc.assert(
    fc.property(fc.array(row), fc.nat(40), fc.nat(40), fc.nat(40), fc.nat(40), (rows, from, to, a, b) => {
      const packed = new PackedFigures(rows);
      expect(packed.size).toBe(rows.length);
      expect(packed.rowsIn({ from: 0, to: 41 }, [])).toEqual(rows);
      const isIn = ({ begins }: { begins: number }): boolean =>
        begins >= from && begins < to && !(begins >= a && begins < b);
      expect(packed.rowsIn({ from, to }, [{ from: a, to: b }])).toEqual(rows.filter(isIn));
    }),
  );
});

it('has one text for what is the same in all rows', () => {
  const [one] = fc.sample(row, 1);
  const rows = [1, 2, 3].map((begins) => ({ ...one!, begins }));
  expect(new PackedFigures(rows).rowsIn({ from: 0, to: 9 }, [])).toEqual(rows);
});
