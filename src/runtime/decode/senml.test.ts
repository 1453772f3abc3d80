import { describe, expect, it } from 'vitest';
import { plain, type PlainDecoded, type PlainReading } from '../../../test/fixtures/decoded.ts';
import { Decoder } from './decoder.ts';

const RECEIVED_MS = 1_764_000_000_500;
const decoder = new Decoder();

function decode(pack: unknown): PlainDecoded {
  const text = typeof pack === 'string' ? pack : JSON.stringify(pack);
  const payload = new TextEncoder().encode(text);
  return plain(decoder.decode(payload, 'application/senml+json', 'channel', 'gw-1', RECEIVED_MS));
}
function only(pack: unknown): PlainReading {
  const { readings, rejects } = decode(pack);
  expect(rejects).toEqual({});
  expect(readings).toHaveLength(1);
  return readings[0]!;
}
const timeOf = (record: object): number => only([{ n: 'a', v: 1, ...record }]).timeMs;
const nameOf = (record: object): string[] => {
  const { sensor, metric } = only([{ v: 1, ...record }]);
  return [sensor, metric];
};

describe('SenML values', () => {
  it('v is the reading', () => {
    expect(only([{ n: 'temp', v: 21.5 }])).toEqual({
      index: 0,
      sensor: 'gw-1',
      metric: 'temp',
      timeMs: RECEIVED_MS,
      value: 21.5,
    });
  });

  it('bv is added to v, and is the reading where a record has no v', () => {
    const values = decode([{ bv: 20 }, { n: 'a', v: 1.5 }, { n: 'a' }, { bv: 0, n: 'a' }]).readings.map(
      ({ value }) => value,
    );
    expect(values).toEqual([21.5, 20, 0]);
  });

  it('the sign of -0 is kept', () => {
    expect(only('[{"n":"a","v":-0}]').value).toBe(-0);
  });

  it('a record of base fields only is neither reading nor error, even with bv', () => {
    expect(decode([{ bn: 'a/', bt: 5, bu: 'Cel', bv: 1, bs: 2, bver: 10 }])).toEqual({ readings: [], rejects: {} });
  });

  it('a record whose only value is a sum is neither reading nor error', () => {
    expect(decode([{ n: 'a', s: 5 }])).toEqual({ readings: [], rejects: {} });
  });

  it('the unit and fields that are not known change nothing', () => {
    expect(only([{ n: 'a', v: 1, u: 'Cel', ut: 60, battery: 3 }]).value).toBe(1);
  });

  it('a key twice counts with its last value', () => {
    expect(only('[{"n":"a","v":1,"v":2}]').value).toBe(2);
  });
});

describe('SenML base fields', () => {
  it('hold for the record that carries them and those after it, until overridden', () => {
    const { readings } = decode([
      { n: 'x', v: 1 },
      { bn: 'dev1/', bt: 1_700_000_000, n: 'temp', v: 1 },
      { n: 'hum', t: 1, v: 2 },
      { bn: 'dev2/', n: 'temp', v: 3 },
    ]);
    expect(readings.map(({ sensor, metric, timeMs }) => [sensor, metric, timeMs])).toEqual([
      ['gw-1', 'x', RECEIVED_MS],
      ['dev1', 'temp', 1_700_000_000_000],
      ['dev1', 'hum', 1_700_000_001_000],
      ['dev2', 'temp', 1_700_000_000_000],
    ]);
  });

  it('hold although the record that carries them is rejected', () => {
    const { readings, rejects } = decode([
      { bn: 'dev1/', bv: 10, n: 'temp', v: 'x' },
      { n: 'temp', v: 1 },
    ]);
    expect(rejects).toEqual({ 'not-numeric': [0] });
    expect(readings).toMatchObject([{ sensor: 'dev1', value: 11 }]);
  });

  it('do not leak into the next message', () => {
    decode([{ bn: 'dev1/', bt: 1_700_000_000, bv: 10, bver: 11 }]);
    expect(only([{ n: 'temp', v: 1 }])).toMatchObject({ sensor: 'gw-1', timeMs: RECEIVED_MS, value: 1 });
  });
});

describe('SenML times', () => {
  it('are absolute from 2^28 s up, relative to receipt below', () => {
    expect(timeOf({ t: 2 ** 28 })).toBe(2 ** 28 * 1000);
    expect(timeOf({ t: 2 ** 28 - 1 })).toBe(RECEIVED_MS + (2 ** 28 - 1) * 1000);
    expect(timeOf({ t: -5 })).toBe(RECEIVED_MS - 5000);
    expect(timeOf({ bt: 1_764_000_000, t: -60 })).toBe(1_763_999_940_000);
    expect(timeOf({ bt: -10, t: 5 })).toBe(RECEIVED_MS - 5000);
    expect(timeOf({})).toBe(RECEIVED_MS);
  });

  it('are floored to ms', () => {
    expect(timeOf({ t: 1_764_000_000.9996 })).toBe(1_764_000_000_999);
    expect(timeOf({ t: -0.0005 })).toBe(RECEIVED_MS - 1);
  });

  it('that are the nearest double to a whole ms are that ms', () => {
    for (let ms = 0; ms < 1000; ms++) {
      const exact = 1_764_000_000_000 + ms;
      expect(timeOf({ t: exact / 1000 })).toBe(exact);
      expect(timeOf({ bt: 1_764_000_000, t: ms / 1000 })).toBe(exact);
      expect(timeOf({ bt: 1_764_000_000.1, t: ms / 1000 })).toBe(exact + 100);
    }
  });
});

describe('SenML names', () => {
  it('split at the last colon or slash', () => {
    expect(nameOf({ n: 'a/b:c/temp' })).toEqual(['a/b:c', 'temp']);
    expect(nameOf({ n: 'a/b:temp' })).toEqual(['a/b', 'temp']);
    expect(nameOf({ bn: 'urn:dev:ow:10e2073a01080063:', n: 'temp' })).toEqual(['urn:dev:ow:10e2073a01080063', 'temp']);
    expect(nameOf({ bn: 'urn:dev:ow:1', n: '/temp' })).toEqual(['urn:dev:ow:1', 'temp']);
    expect(nameOf({ bn: 'dev/temp' })).toEqual(['dev', 'temp']);
  });

  it('without a colon or slash are a metric of the source', () => {
    expect(nameOf({ n: 'temp' })).toEqual(['gw-1', 'temp']);
    expect(nameOf({ bn: 'out', n: 'side' })).toEqual(['gw-1', 'outside']);
  });

  it('that begin with urn: without a base name are all sensor', () => {
    expect(nameOf({ n: 'urn:dev:ow:10e2073a01080063' })).toEqual(['urn:dev:ow:10e2073a01080063', 'value']);
    expect(nameOf({ bn: '', n: 'urn:a/b' })).toEqual(['urn:a/b', 'value']);
    expect(nameOf({ n: 'URN:dev:temp' })).toEqual(['URN:dev', 'temp']);
  });

  it('are UTF-8', () => {
    expect(nameOf({ n: 'Brīvības iela 1 😀/temp' })).toEqual(['Brīvības iela 1 😀', 'temp']);
  });

  it('stay whole when the columns have to grow', () => {
    const pack = Array.from({ length: 3000 }, (_, i) => ({ n: `sensör-${i}/m${i % 7}`, v: i }));
    const { readings } = decode(pack);
    expect(readings.map(({ sensor, metric }) => `${sensor}/${metric}`)).toEqual(pack.map(({ n }) => n));
  });
});

it('the batch of a pack has names that are not stable', () => {
  const decoded = decoder.decode(new TextEncoder().encode('[{"n":"a","v":1}]'), undefined, 'channel', 'gw-1', 0);
  expect(decoded.ok && decoded.batch.names.stable).toBe(false);
});
