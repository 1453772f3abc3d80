import { unpack } from 'msgpackr';
import { describe, expect, it } from 'vitest';
import { encodeFrame } from './frame-writer.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('written frames', () => {
  it('have these bytes, forever (golden vector)', () => {
    const payload = encodeFrame({
      metric: 'temp',
      baseMs: 1_764_000_000_000,
      sensors: ['a', 'ç'],
      offsetsMs: Int32Array.of(-1, 1000),
      values: Float64Array.of(1.5, -0),
    });
    const m = 'a16d' + 'a474656d70';
    const t = 'a174' + 'd30000019ab697e800';
    const s = 'a173' + 'c404610ac3a7';
    const d = 'a164' + 'c408ffffffffe8030000';
    const v = 'a176' + 'c410000000000000f83f0000000000000080';
    expect(hex(payload)).toBe(`85${m}${t}${s}${d}${v}`);
    const own = encodeFrame({ metric: ['x', 'y'], baseMs: -1, values: Float64Array.of(0, 1) });
    expect(hex(own)).toBe('83a16d92a178a179a174d3ffffffffffffffffa176c4100000000000000000000000000000f03f');
  });

  it('are plain MessagePack to any other reader', () => {
    for (const count of [1, 15, 16, 31, 32, 255, 256, 70_000]) {
      const sensors = Array.from({ length: count }, (_, i) => `sensor-${i}`);
      const values = Float64Array.from(sensors, (_, i) => i / 3);
      const payload = encodeFrame({ metric: sensors, baseMs: 5, sensors, offsetsMs: new Int32Array(count), values });
      const read = unpack(payload) as Record<string, Uint8Array>;
      expect(Object.keys(read)).toEqual(['m', 't', 's', 'd', 'v']);
      expect(read['m']).toEqual(sensors);
      expect(Number(read['t'])).toBe(5);
      expect(new TextDecoder().decode(read['s']).split('\n')).toEqual(sensors);
      expect(read['d']).toHaveLength(4 * count);
      expect(new Float64Array(read['v']!.slice().buffer)).toEqual(values);
    }
  });

  it('that could not be read are refused', () => {
    const values = Float64Array.of(1, 2);
    expect(() => encodeFrame({ metric: 'm', baseMs: 0.5, values })).toThrow(RangeError);
    expect(() => encodeFrame({ metric: ['m'], baseMs: 0, values })).toThrow(RangeError);
    expect(() => encodeFrame({ metric: 'm', baseMs: 0, sensors: ['a'], values })).toThrow(RangeError);
    expect(() => encodeFrame({ metric: 'm', baseMs: 0, sensors: ['a', 'b\nc'], values })).toThrow(RangeError);
    expect(() => encodeFrame({ metric: 'm', baseMs: 0, offsetsMs: new Int32Array(1), values })).toThrow(RangeError);
  });
});
