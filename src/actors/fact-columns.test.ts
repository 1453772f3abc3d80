import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteSpan } from '../model/byte-span.ts';
import { channelTexts, FactColumns, FactColumnsWriter, type FactRow, readRows } from './fact-columns.ts';

const utf8 = new TextEncoder();
const KEY = { partition: 7, block: 2 ** 33 + 1, incarnation: 5 };
const CELL = { slot: 0, count: 3, hi: 1.5, lo: -0, min: 0.25, max: 1, firstMs: 1, lastMs: 3_599_999 };

it('invariant 4: the bytes of a block are these, forever: it may wait in a checkpoint (golden vector)', () => {
  const writer = new FactColumnsWriter();
  const texts = channelTexts({ city: 'c', district: 'd', kind: 'air', metric: 'NO₂' });
  writer.begin(490_000, true);
  writer.row(9, texts, ByteSpan.of(utf8.encode('s1')), CELL);
  writer.row(9, texts, ByteSpan.of(utf8.encode('s20')), { ...CELL, count: 4 });
  const hex = Buffer.from(writer.take(KEY)).toString('hex');
  expect(hex).toBe(
    [
      '00', // not a block of rows
      '01', // version
      '0700', // partition
      '05000000', // incarnation
      '0100000002000000', // block
      '02000000', // rows
      '01000000', // runs
      '01000000', // channels
      '0e000000', // bytes of channels
      '107a0700', // hour: 490 000
      '01000000', // revised
      '02000000', // rows
      '000000000000f83f'.repeat(2), // sum
      '0000000000000080'.repeat(2), // sum_lo
      '000000000000d03f'.repeat(2), // min
      '000000000000f03f'.repeat(2), // max
      '0300000004000000', // count
      '01000000'.repeat(2), // first_ms
      '7fee3600'.repeat(2), // last_ms
      '0000'.repeat(2), // channel of each row
      '0163', // city
      '0164', // district
      '03616972', // kind
      '054e4fe28282', // metric
      '027331', // sensors
      '03733230',
    ].join(''),
  );
});

it('what was written is read back, for names of any length, in runs of hours', () => {
  const name = fc.string({ unit: 'binary', maxLength: 60 });
  const number = fc.double({ noNaN: true });
  const few = fc.constantFrom('a', 'NO₂', '');
  const row = fc.record({
    city: few,
    district: fc.oneof(few, name),
    kind: few,
    metric: few,
    sensor: name,
    hour: fc.nat(3),
    revised: fc.boolean(),
    count: fc.nat(),
    sumHi: number,
    sumLo: number,
    min: number,
    max: number,
  });
  const writer = new FactColumnsWriter();
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
      const channels = [...new Set(rows.map(channelName))];
      for (const one of rows) {
        const { sensor, hour, revised, count, sumHi, sumLo, min, max } = one;
        writer.begin(hour, revised);
        const cell = { slot: 0, count, hi: sumHi, lo: sumLo, min, max, firstMs: 0, lastMs: 0 };
        writer.row(channels.indexOf(channelName(one)), channelTexts(one), ByteSpan.of(utf8.encode(sensor)), cell);
      }
      const { length } = writer;
      // Behind other bytes: as a store may hand it out.
      const bytes = Buffer.concat([Buffer.alloc(3), writer.take(KEY)]).subarray(3);
      expect(bytes.length).toBe(length);
      expect(new FactColumns(bytes)).toMatchObject({ key: KEY, rows: rows.length });
      expect(read(bytes)).toEqual(rows);
      expect(read(bytes, (hour) => hour === 2)).toEqual(rows.filter(({ hour }) => hour === 2));
    }),
  );
});

it('bytes that are no block of this version, or not all of one, are refused', () => {
  const writer = new FactColumnsWriter();
  writer.begin(490_000, false);
  writer.row(
    0,
    channelTexts({ city: 'c', district: 'd', kind: 'air', metric: 'm' }),
    ByteSpan.of(utf8.encode('s')),
    CELL,
  );
  const bytes = writer.take(KEY);
  expect(() => new FactColumns(bytes.subarray(0, 60))).toThrow('is not whole');
  expect(() => new FactColumns(new Uint8Array(bytes).fill(2, 1, 2))).toThrow('of the version that this program reads');
  expect(() => new FactColumns(new Uint8Array())).toThrow('not the bytes of a block');
});

function channelName({ city, district, kind, metric }: FactRow): string {
  return JSON.stringify([city, district, kind, metric]);
}

function read(bytes: Uint8Array, isWanted?: (hour: number) => boolean): FactRow[] {
  const found: FactRow[] = [];
  readRows(bytes, (row) => found.push(row), isWanted);
  return found;
}
