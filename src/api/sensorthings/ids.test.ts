import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hourId, metricId, readHourId, readMetricId, readStreamId, readThingId, streamId, thingId } from './ids.ts';

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,12}$/);
const metric = fc.stringMatching(/^[A-Za-z0-9_.%-]{1,12}$/);
const sensor = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 20 })
  .filter((name) => !/\p{Cc}/u.test(name) && name.trim() === name);
const key = fc.record({ city: token, district: token, kind: token, sensor, metric, hour: fc.nat(1_000_000) });

describe('ids', () => {
  it('say the same names again, and need no escape in a URL', () => {
    fc.assert(
      fc.property(key, (one) => {
        const { hour, ...series } = one;
        const { metric: of, ...thing } = series;
        expect(readThingId(thingId(one))).toEqual(thing);
        expect(readStreamId(streamId(one))).toEqual(series);
        expect(readHourId(hourId(one))).toEqual({ ...series, hour });
        expect(readMetricId(metricId(of))).toBe(of);
        expect(hourId(one)).toMatch(/^[A-Za-z0-9_.:~-]+$/);
      }),
    );
  });

  it('can be read by people', () => {
    const series = { city: 'lisbon', district: 'alfama', kind: 'air', sensor: 'urn:dev:mac:01', metric: 'pm2.5' };
    expect(hourId({ ...series, hour: Date.UTC(2026, 10, 23, 14) / 3_600_000 })).toBe(
      'lisbon:alfama:air:urn:dev:mac:01:pm2.5:2026-11-23T14',
    );
    expect(thingId({ ...series, sensor: 'Rua da Prata/1' })).toBe('lisbon:alfama:air:Rua~20da~20Prata~2f1');
  });

  it('that nothing can have are null: one entity has one id', () => {
    for (const id of [
      '',
      'a',
      'a:b:c',
      'a:b:c:',
      'a b:b:c:d',
      'a:b:c:~4',
      'a:b:c:~41',
      'a:b:c:d~ff',
      "a:b:c:d'",
      'a:b:c:~20',
    ])
      expect(readThingId(id), id).toBeNull();
    for (const id of [
      'a:b:c:d:m:2026-02-30T00',
      'a:b:c:d:m:2026-11-23T24',
      'a:b:c:d:m:2300-01-01T00',
      'a:b:c:d:2026-11-23T00',
    ])
      expect(readHourId(id), id).toBeNull();
  });

  it('of any text are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        for (const read of [readThingId, readStreamId, readHourId, readMetricId])
          expect(() => read(text)).not.toThrow();
      }),
    );
  });
});
