import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteSpan } from '../model/byte-span.ts';
import { channelPrefix, type FactRow, readRows, RowBinaryWriter } from './row-binary.ts';

const utf8 = new TextEncoder();
const KEY = { partition: 7, block: 2 ** 33 + 1, incarnation: 5 };

it('invariant 4: the bytes of a row are these (golden vector)', () => {
  const writer = new RowBinaryWriter();
  const channel = { city: 'c', district: 'd', kind: 'air', metric: 'NO₂' };
  const cell = { slot: 0, count: 3, hi: 1.5, lo: -0, min: 0.25, max: 1, firstMs: 1, lastMs: 3_599_999 };
  writer.row(KEY, channelPrefix(channel), ByteSpan.of(utf8.encode('s1')), 490_000, true, cell);
  const hex = Buffer.from(writer.take()).toString('hex');
  expect(hex).toBe(
    [
      '0163', // city
      '0164', // district
      '03616972', // kind
      '054e4fe28282', // metric
      '027331', // sensor
      '00812469', // hour, uint32 seconds: 1 764 000 000
      '0700', // partition
      '0100000002000000', // block
      '05000000', // incarnation
      '01', // revised
      '03000000', // count
      '000000000000f83f', // sum
      '0000000000000080', // sum_lo
      '000000000000d03f', // min
      '000000000000f03f', // max
      '01000000', // first_ms
      '7fee3600', // last_ms
    ].join(''),
  );
});

it('what was written is read back, for names of any length', () => {
  const name = fc.string({ unit: 'binary', maxLength: 60 });
  const number = fc.double({ noNaN: true });
  const row = fc.record({
    city: name,
    district: name,
    kind: name,
    metric: name,
    sensor: name,
    hour: fc.nat(1_000_000),
    revised: fc.boolean(),
    count: fc.nat(),
    sumHi: number,
    sumLo: number,
    min: number,
    max: number,
  });
  fc.assert(
    fc.property(fc.array(row, { maxLength: 30 }), (rows) => {
      const writer = new RowBinaryWriter();
      for (const { city, district, kind, metric, sensor, hour, revised, count, sumHi, sumLo, min, max } of rows) {
        const prefix = channelPrefix({ city, district, kind, metric });
        const cell = { slot: 0, count, hi: sumHi, lo: sumLo, min, max, firstMs: 0, lastMs: 0 };
        writer.row(KEY, prefix, ByteSpan.of(utf8.encode(sensor)), hour, revised, cell);
      }
      const found: FactRow[] = [];
      readRows(writer.take(), (one) => found.push(one));
      expect(found).toEqual(rows);
      expect(writer.length).toBe(0);
    }),
  );
});
