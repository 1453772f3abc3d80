/**
 * The decoders against everything: random bytes, damaged messages, and a slow reference that shares no code with them.
 * A failure prints the seed and the path that replay it: `fc.assert(property, { seed, path })`.
 */
import fc from 'fast-check';
import { Packr, unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { plain, type PlainDecoded } from '../../../test/fixtures/decoded.ts';
import { HOSTILE_PAYLOADS } from '../../../test/fixtures/hostile-payloads.ts';
import { isMetricName, isSensorName } from '../../model/names.ts';
import type { Decoded } from '../../model/reading.ts';
import { Decoder } from './decoder.ts';
import { encodeFrame } from './frame-writer.ts';
import { encodeSenml, type SenmlReading } from './senml-writer.ts';

const RECEIVED_MS = 1_764_000_000_000;
const warm = new Decoder();
const decode = (payload: Uint8Array, decoder = warm, type?: string): Decoded =>
  decoder.decode(payload, type, 'channel', 'gw-1', RECEIVED_MS);

function outcome(decoded: Decoded): PlainDecoded | string {
  return decoded.ok ? plain(decoded) : decoded.reject.detail;
}

/** Each position once at most, ascending, within the message. */
function expectSound(decoded: Decoded): void {
  if (!decoded.ok) return;
  const { count, index, rejects, timeMs, value, names } = decoded.batch;
  const seen = new Set<number>();
  for (const column of [index.subarray(0, count), ...rejects.map(({ indexes }) => indexes)]) {
    let last = -1;
    for (const row of column) {
      if (row <= last || seen.has(row) || row >= 65_536) expect.fail(`position ${row}`);
      seen.add(row);
      last = row;
    }
  }
  for (let i = 0; i < count; i++) {
    const row = index[i]!;
    if (!Number.isFinite(value[i]) || !Number.isInteger(timeMs[i])) expect.fail('a number that is none');
    if (!isSensorName(names.sensorBytes, names.sensorStart[row]!, names.sensorEnd[row]!)) expect.fail('sensor');
    if (!isMetricName(names.metrics[names.metricOf[row]!]!)) expect.fail('metric');
  }
  expect(new Set(rejects.map(({ reason }) => reason)).size).toBe(rejects.length);
}

function expectSame(payload: Uint8Array, type: string | undefined): void {
  const first = decode(payload, warm, type);
  expectSound(first);
  const found = outcome(first);
  expect(outcome(decode(payload, warm, type))).toEqual(found);
  expect(outcome(decode(payload, new Decoder(), type))).toEqual(found);
}

const types = fc.constantFrom(undefined, 'application/senml+json', 'application/msgpack');
const sensorNames = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((text) => isSensorName(Buffer.from(text), 0, Buffer.byteLength(text)));
const awkwardSensors = fc.oneof(
  sensorNames,
  sensorNames.map((name) => `urn:${name}`),
  fc.constantFrom('urn', 'a/b', ':', '/', 'a:'),
);
const metrics = fc.stringMatching(/^[A-Za-z0-9_.%-]{1,64}$/);
const values = fc.double({ noNaN: true, noDefaultInfinity: true });

describe('any payload', () => {
  it('random bytes never throw and always give the same', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), types, expectSame), { numRuns: 2000 });
  });

  it('random JSON never throws and always gives the same', () => {
    const field = fc.constantFrom('n', 't', 'v', 'bn', 'bt', 'bv', 'bver', 'vs', 's', 'u', 'x_', '__proto__');
    const content = fc.oneof(
      fc.json({ maxDepth: 1 }),
      fc.double().map(String),
      fc.constantFrom('1e400', '1764000000.5', '"a/b"', '""'),
    );
    const record = fc
      .array(fc.tuple(field, content), { maxLength: 5 })
      .map((fields) => `{${fields.map(([key, text]) => `"${key}":${text}`).join(',')}}`);
    const pack = fc
      .array(record, { maxLength: 6 })
      .map((records) => new TextEncoder().encode(`[${records.join(',')}]`));
    fc.assert(
      fc.property(pack, (payload) => expectSame(payload, undefined)),
      { numRuns: 1000 },
    );
  });

  it('damaged messages never throw and always give the same', () => {
    const small = HOSTILE_PAYLOADS.filter(({ payload }) => payload.length < 2000 && payload.length > 0);
    const frame = encodeFrame({
      metric: ['a', 'b'],
      baseMs: 1,
      sensors: ['x', 'y'],
      offsetsMs: new Int32Array(2),
      values: new Float64Array(2),
    });
    const whole = fc.constantFrom(frame, ...small.map(({ payload }) => payload));
    const cuts = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    const damaged = fc.tuple(whole, cuts, fc.boolean()).map(([payload, changes, cut]) => {
      const copy = Uint8Array.from(payload);
      for (const [at, byte] of changes) copy[at % copy.length] = byte;
      return cut ? copy.subarray(0, changes[0]![0] % (copy.length + 1)) : copy;
    });
    fc.assert(fc.property(damaged, types, expectSame), { numRuns: 2000 });
  });
});

describe('encodeSenml', () => {
  it('is read back exactly: names, times to the ms, values to the bit', () => {
    const reading: fc.Arbitrary<SenmlReading> = fc.record({
      sensor: fc.option(awkwardSensors, { nil: null }),
      metric: metrics,
      timeMs: fc.integer({ min: 2 ** 28 * 1000, max: Date.UTC(9999, 0, 1) }),
      value: values,
    });
    const property = fc.property(fc.array(reading, { minLength: 1, maxLength: 20 }), (readings) => {
      const { readings: found, rejects } = plain(decode(encodeSenml(readings)));
      expect(rejects).toEqual({});
      expect(found).toEqual(readings.map((r, index) => ({ ...r, index, sensor: r.sensor ?? 'gw-1' })));
    });
    fc.assert(property, { numRuns: 1000 });
  });

  it('refuses what SenML cannot say', () => {
    const good: SenmlReading = { sensor: null, metric: 'm', timeMs: RECEIVED_MS, value: 1 };
    for (const wrong of [
      { timeMs: 0 },
      { timeMs: RECEIVED_MS + 0.5 },
      { timeMs: NaN },
      { value: NaN },
      { value: Infinity },
    ]) {
      expect(() => encodeSenml([{ ...good, ...wrong }])).toThrow(RangeError);
    }
  });
});

interface Row {
  sensor: string;
  metric: string;
  offset: number;
  value: number;
}
const row: fc.Arbitrary<Row> = fc.record({
  sensor: fc.oneof(awkwardSensors, fc.constantFrom('', ' a', 'a\u0000', 'x'.repeat(257))),
  metric: fc.oneof(metrics, fc.constantFrom('', 'a/b', 'ä')),
  offset: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
  value: fc.oneof(values, fc.constantFrom(NaN, Infinity, -Infinity, 2 ** 60, -5, 200, -0)),
});
const columnsOf = (rows: Row[]) => ({
  sensors: rows.map(({ sensor }) => sensor),
  metric: rows.map(({ metric }) => metric),
  offsetsMs: Int32Array.from(rows, ({ offset }) => offset),
  values: Float64Array.from(rows, ({ value }) => value),
});

/** Reads a frame through msgpackr, row by row, as the contract's table says. */
function reference(payload: Uint8Array): PlainDecoded {
  const frame = unpack(payload) as { m: unknown; t: number | bigint; s?: unknown; d?: unknown; v: unknown };
  const column = (value: unknown, size: number, read: (view: DataView, at: number) => number): unknown[] => {
    if (!(value instanceof Uint8Array)) return value as unknown[];
    const view = new DataView(value.buffer, value.byteOffset, value.length);
    return Array.from({ length: value.length / size }, (_, i) => read(view, i * size));
  };
  const v = column(frame.v, 8, (view, at) => view.getFloat64(at, true));
  const d = frame.d === undefined ? undefined : column(frame.d, 4, (view, at) => view.getInt32(at, true));
  const s =
    frame.s instanceof Uint8Array ? Buffer.from(frame.s).toString().split('\n') : (frame.s as string[] | undefined);
  const result: PlainDecoded = { readings: [], rejects: {} };
  v.forEach((raw, index) => {
    const sensor = s === undefined ? 'gw-1' : s[index]!;
    const metric = Array.isArray(frame.m) ? (frame.m[index] as string) : (frame.m as string);
    const numeric = typeof raw === 'number' || typeof raw === 'bigint';
    const bytes = Buffer.from(sensor);
    if (!numeric) (result.rejects['not-numeric'] ??= []).push(index);
    else if (!Number.isFinite(Number(raw))) (result.rejects['not-finite'] ??= []).push(index);
    else if (!isSensorName(bytes, 0, bytes.length) || !isMetricName(metric))
      (result.rejects['bad-name'] ??= []).push(index);
    else
      result.readings.push({
        index,
        sensor,
        metric,
        timeMs: Number(frame.t) + Number(d?.[index] ?? 0),
        value: Number(raw),
      });
  });
  return result;
}

describe('frames', () => {
  it('written by encodeFrame are read back exactly', () => {
    const good = row.filter(
      ({ sensor, metric, value }) =>
        isSensorName(Buffer.from(sensor), 0, Buffer.byteLength(sensor)) &&
        isMetricName(metric) &&
        Number.isFinite(value),
    );
    const property = fc.property(fc.array(good, { minLength: 1, maxLength: 20 }), fc.boolean(), (rows, bare) => {
      const { sensors, metric, offsetsMs, values: v } = columnsOf(rows);
      const payload = bare
        ? encodeFrame({ metric: metric[0]!, baseMs: RECEIVED_MS, values: v })
        : encodeFrame({ metric, baseMs: RECEIVED_MS, sensors, offsetsMs, values: v });
      const { readings, rejects } = plain(decode(payload));
      expect(rejects).toEqual({});
      const wanted = rows.map(({ sensor, metric: own, offset, value }, index) =>
        bare
          ? { index, sensor: 'gw-1', metric: metric[0]!, timeMs: RECEIVED_MS, value }
          : { index, sensor, metric: own, timeMs: RECEIVED_MS + offset, value },
      );
      expect(readings).toEqual(wanted);
    });
    fc.assert(property, { numRuns: 500 });
  });

  it('of every form are read as a slow reader reads them', () => {
    const packer = new Packr({ useRecords: false });
    const little = (column: Int32Array | Float64Array): Buffer => Buffer.from(column.buffer.slice(0));
    const forms = fc.record({
      s: fc.nat(2),
      d: fc.nat(2),
      v: fc.nat(2),
      m: fc.boolean(),
      t: fc.nat(2),
      order: fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 }),
    });
    const property = fc.property(fc.array(row, { minLength: 1, maxLength: 20 }), forms, (rows, form) => {
      const { sensors, metric, offsetsMs, values: v } = columnsOf(rows);
      const pairs: [string, unknown][] = [
        ['m', form.m ? metric : metric[0]],
        ['t', [RECEIVED_MS, BigInt(RECEIVED_MS), 12][form.t]],
        ['s', [undefined, sensors, Buffer.from(sensors.join('\n'))][form.s]],
        ['d', [undefined, [...offsetsMs], little(offsetsMs)][form.d]],
        ['v', [little(v), [...v], [...v].map((value, i) => [value, null, String(value), true][i % 4])][form.v]],
        ['extra', { m: [1, [2, { v: null }]] }],
      ];
      const frame = Object.fromEntries(form.order.map((i) => pairs[i]!).filter(([, value]) => value !== undefined));
      const payload = packer.pack(frame);
      const expected = reference(payload);
      expect(plain(decode(payload))).toEqual(expected);
      expect(plain(decode(payload))).toEqual(expected);
    });
    fc.assert(property, { numRuns: 1000 });
  });
});
