import { describe, expect, it } from 'vitest';
import { plain } from '../../../test/fixtures/decoded.ts';
import { SeriesNames } from '../../actors/series-names.ts';
import { SHAPES_PER_CHANNEL_MAX } from '../../model/limits.ts';
import type { Decoded, NameColumns } from '../../model/reading.ts';
import { Columns } from './columns.ts';
import { ShapeCache } from './frame-shapes.ts';
import { encodeFrame } from './frame-writer.ts';
import { FrameDecoder } from './frame.ts';

const BASE_MS = 1_764_000_000_000;

function decoderOf(shapes?: ShapeCache) {
  const frames = new FrameDecoder(new Columns(), shapes);
  return (payload: Uint8Array, channel = 'channel', source = 'gw-1'): Decoded => ({
    ok: true,
    batch: frames.decode(payload, channel, source),
  });
}
const namesOf = (decoded: Decoded): NameColumns => (decoded.ok ? decoded.batch.names : expect.fail('rejected'));
const frameOf = (sensors: string[] | undefined, count = sensors?.length ?? 3): Uint8Array =>
  encodeFrame({ metric: 'temp', baseMs: BASE_MS, sensors, values: Float64Array.from({ length: count }, (_, i) => i) });

describe('frames', () => {
  it('give sensor, metric, time and value of each row', () => {
    const payload = encodeFrame({
      metric: ['temp', 'hum', 'temp'],
      baseMs: BASE_MS,
      sensors: ['a', 'b', 'ç'],
      offsetsMs: Int32Array.of(0, -5, 7),
      values: Float64Array.of(1.5, -0, 3),
    });
    expect(plain(decoderOf()(payload))).toEqual({
      readings: [
        { index: 0, sensor: 'a', metric: 'temp', timeMs: BASE_MS, value: 1.5 },
        { index: 1, sensor: 'b', metric: 'hum', timeMs: BASE_MS - 5, value: -0 },
        { index: 2, sensor: 'ç', metric: 'temp', timeMs: BASE_MS + 7, value: 3 },
      ],
      rejects: {},
    });
  });

  it('without sensors are the source’s own readings', () => {
    expect(plain(decoderOf()(frameOf(undefined))).readings.map(({ sensor }) => sensor)).toEqual([
      'gw-1',
      'gw-1',
      'gw-1',
    ]);
  });

  it('are read wherever they begin in memory', () => {
    const payload = encodeFrame({
      metric: 'temp',
      baseMs: BASE_MS,
      offsetsMs: Int32Array.of(1, 2),
      values: Float64Array.of(1.5, 2.5),
    });
    const decode = decoderOf();
    for (let offset = 0; offset < 8; offset++) {
      const moved = new Uint8Array(payload.length + offset).subarray(offset);
      moved.set(payload);
      expect(plain(decode(moved)).readings.map(({ timeMs, value }) => [timeMs - BASE_MS, value])).toEqual([
        [1, 1.5],
        [2, 2.5],
      ]);
    }
  });

  it('never hand the payload’s memory on', () => {
    const payload = frameOf(['aa', 'bb']);
    const decoded = decoderOf()(payload);
    const before = plain(decoded);
    payload.fill(0);
    expect(plain(decoded)).toEqual(before);
  });
});

describe('shapes of frames', () => {
  it('equal columns give the same stable names', () => {
    const decode = decoderOf();
    const names = namesOf(decode(frameOf(['a', 'b'])));
    expect(names.stable).toBe(true);
    expect(namesOf(decode(frameOf(['a', 'b'])))).toBe(names);
  });

  it('one byte of difference gives other names', () => {
    const decode = decoderOf();
    const names = namesOf(decode(frameOf(['a', 'b'])));
    const other = decode(frameOf(['a', 'c']));
    expect(namesOf(other)).not.toBe(names);
    expect(plain(other).readings.map(({ sensor }) => sensor)).toEqual(['a', 'c']);
    const longer = decode(frameOf(['a', 'b', 'c']));
    expect(plain(longer).readings.map(({ sensor }) => sensor)).toEqual(['a', 'b', 'c']);
    const none = decode(frameOf(undefined, 2));
    expect(plain(none).readings.map(({ sensor }) => sensor)).toEqual(['gw-1', 'gw-1']);
    expect(namesOf(decode(frameOf(['a', 'b'])))).toBe(names);
  });

  it('the last few of a channel are remembered, in turn', () => {
    const decode = decoderOf();
    const lists = Array.from({ length: SHAPES_PER_CHANNEL_MAX }, (_, i) => [`a${i}`, `b${i}`]);
    const first = lists.map((list) => namesOf(decode(frameOf(list))));
    expect(lists.map((list) => namesOf(decode(frameOf(list))))).toEqual(first);
    lists.forEach((list, i) => expect(namesOf(decode(frameOf(list)))).toBe(first[i]));
    decode(frameOf(['one', 'more']));
    expect(namesOf(decode(frameOf(lists[0])))).not.toBe(first[0]);
  });

  it('are a channel’s own, so that a source never has another’s name', () => {
    const decode = decoderOf();
    const names = namesOf(decode(frameOf(undefined), 'channel-1', 'gw-1'));
    const other = decode(frameOf(undefined), 'channel-2', 'gw-2');
    expect(namesOf(other)).not.toBe(names);
    expect(plain(other).readings[0]?.sensor).toBe('gw-2');
    expect(plain(decode(frameOf(undefined), 'channel-1', 'gw-3')).readings[0]?.sensor).toBe('gw-3');
  });

  it('fewer rows of one metric without sensors are the same shape', () => {
    const decode = decoderOf();
    const names = namesOf(decode(frameOf(undefined, 5)));
    const fewer = decode(frameOf(undefined, 2));
    expect(namesOf(fewer)).toBe(names);
    expect(plain(fewer).readings).toHaveLength(2);
    expect(plain(decode(frameOf(undefined, 6))).readings).toHaveLength(6);
  });

  it('a remembered bad name is rejected each time', () => {
    const decode = decoderOf();
    for (let i = 0; i < 3; i++) {
      const { readings, rejects } = plain(decode(frameOf(['a', ' b', 'c'])));
      expect(readings.map(({ sensor }) => sensor)).toEqual(['a', 'c']);
      expect(rejects).toEqual({ 'bad-name': [1] });
    }
  });

  it('whose names an actor keeps are the same as before, and new ones when it keeps them no longer', () => {
    const decode = decoderOf();
    const sensors = ['a', 'bb', 'ccc'];
    const first = decode(frameOf(sensors));
    const before = plain(first);
    const kept = new SeriesNames();
    for (const sensor of ['other', ...sensors]) kept.add(Buffer.from(sensor), 0, sensor.length);
    const names = namesOf(first);
    names.shareWith?.(kept, 1);
    const second = decode(frameOf(sensors));
    expect(namesOf(second)).toBe(names);
    expect(plain(second)).toEqual(before);
    kept.forget();
    const third = decode(frameOf(sensors));
    expect(namesOf(third)).not.toBe(names);
    expect(plain(third)).toEqual(before);
  });

  it('are forgotten beyond the bytes allowed (invariant 13)', () => {
    const decode = decoderOf(new ShapeCache(1000, 20_000));
    const names = namesOf(decode(frameOf(['a', 'b']), 'channel-0'));
    expect(namesOf(decode(frameOf(['a', 'b']), 'channel-0'))).toBe(names);
    for (let i = 1; i < 40; i++) decode(frameOf(['a', 'b']), `channel-${i}`);
    expect(namesOf(decode(frameOf(['a', 'b']), 'channel-0'))).not.toBe(names);
  });
});
