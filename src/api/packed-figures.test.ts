import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PackedFigures } from './packed-figures.ts';
import type { CompactedColumns, CompactedFigures } from './queries/compacted.ts';

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

const ALL = { from: 0, to: 41 };

const NAMES = [
  'city',
  'district',
  'kind',
  'begins',
  'blocks',
  'count',
  'sum',
  'min',
  'max',
  'sensors',
  'revision',
  'sensorHours',
] as const satisfies (keyof CompactedColumns)[];

function columnsOf(rows: readonly CompactedFigures[]): CompactedColumns {
  return Object.fromEntries(NAMES.map((name) => [name, rows.map((one) => one[name])])) as unknown as CompactedColumns;
}

it('gives the rows that it was given, in their order, those of a span but for others', () => {
  fc.assert(
    fc.property(fc.array(row), fc.nat(40), fc.nat(40), fc.nat(40), fc.nat(40), (rows, from, to, a, b) => {
      const packed = new PackedFigures(columnsOf(rows), ALL);
      expect(packed.size).toBe(rows.length);
      expect(packed.rowsIn(ALL, [])).toEqual(rows);
      const some = new PackedFigures(columnsOf(rows), { from, to: 41 });
      expect(some.rowsIn(ALL, [])).toEqual(rows.filter(({ begins }) => begins >= from));
      const isIn = ({ begins }: { begins: number }): boolean =>
        begins >= from && begins < to && !(begins >= a && begins < b);
      expect(packed.rowsIn({ from, to }, [{ from: a, to: b }])).toEqual(rows.filter(isIn));
    }),
  );
});

it('has one text for what is the same in all rows', () => {
  const [one] = fc.sample(row, 1);
  const rows = [1, 2, 3].map((begins) => ({ ...one!, begins }));
  const columns = { ...columnsOf(rows), city: [one!.city], district: [one!.district], kind: [one!.kind] };
  for (const of of [columns, columnsOf(rows)]) expect(new PackedFigures(of, ALL).rowsIn(ALL, [])).toEqual(rows);
});
