import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesNames } from '../../actors/series-names.ts';
import { encodeFrame } from './frame-writer.ts';
import { KnownColumn } from './known-column.ts';

const encoder = new TextEncoder();

function keep(names: SeriesNames, ...sensors: string[]): void {
  for (const sensor of sensors) names.add(encoder.encode(sensor), 0, Buffer.byteLength(sensor));
}

/** A payload, and where its column of sensors begins and ends. */
function payloadOf(sensors: string[]): { payload: Uint8Array; start: number; end: number } {
  const payload = encodeFrame({ metric: 'm', baseMs: 0, sensors, values: new Float64Array(sensors.length) });
  const end = payload.length - encodeFrame({ metric: 'm', baseMs: 0, values: new Float64Array(sensors.length) }).length;
  // Behind the map's head, `m` and its text, `t` and its time, and the key.
  const start = 1 + 2 + 2 + 2 + 9 + 2;
  return { payload, start, end: start + end - 2 };
}

const sensor = fc.stringMatching(/^[a-zé-]{1,40}$/);

describe('a column whose names somebody else keeps', () => {
  it('stands where it stood, and nowhere else', () => {
    fc.assert(
      fc.property(
        fc.array(sensor, { minLength: 1, maxLength: 60 }),
        fc.array(sensor, { maxLength: 5 }),
        fc.array(sensor, { maxLength: 200 }),
        fc.nat(),
        (sensors, before, after, changed) => {
          const { payload, start, end } = payloadOf(sensors);
          const column = new KnownColumn(payload, start, end);
          const whole = Buffer.from(column.bytes());
          const names = new SeriesNames();
          keep(names, ...before, ...sensors);
          column.shareWith(names, before.length, sensors.length);
          expect(column.ownBytes).toBeLessThan(6);
          expect(column.length).toBe(whole.length);
          // Their memory is another when there are more.
          keep(names, ...after);
          expect(column.standsAt(payload, start)).toBe(true);
          expect(column.bytes().equals(whole)).toBe(true);
          const other = payload.slice();
          const at = start + (changed % whole.length);
          other[at] = other[at]! ^ 1;
          expect(column.standsAt(other, start)).toBe(false);
          expect(column.standsAt(payload.subarray(0, end - 1), start)).toBe(false);
          names.forget();
          expect(column.standsAt(payload, start)).toBe(false);
        },
      ),
    );
  });

  it('keeps its own where theirs are others', () => {
    const { payload, start, end } = payloadOf(['a', 'bb', 'c']);
    for (const kept of [
      ['a', 'bb', 'd'],
      ['aa', 'b', 'c'],
      ['a', 'bb', 'cc'],
    ]) {
      const names = new SeriesNames();
      keep(names, ...kept);
      const column = new KnownColumn(payload, start, end);
      column.shareWith(names, 0, 3);
      expect(column.ownBytes).toBe(column.length);
      names.forget();
      expect(column.standsAt(payload, start)).toBe(true);
    }
  });
});
