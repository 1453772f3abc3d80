import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatRoute, parseRoute, RANGE_NAMES, type Route, START, type View } from './route.ts';

const token = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const text = fc.string({ minLength: 1, maxLength: 30, unit: 'grapheme' });
const hour = fc.integer({ min: 0, max: 600_000 }).map((index) => index * 3_600_000);

const view: fc.Arbitrary<View> = fc.oneof(
  fc.constant<View>({ name: 'start' }),
  fc.constant<View>({ name: 'operator' }),
  token.map((city): View => ({ name: 'city', city })),
  token.map((city): View => ({ name: 'live', city })),
  fc.tuple(token, token).map(([city, district]): View => ({ name: 'district', city, district })),
  fc
    .tuple(token, token, token, text)
    .map(([city, district, kind, sensor]): View => ({ name: 'sensor', city, district, kind, sensor })),
);
const range: fc.Arbitrary<Route['range']> = fc.oneof(
  fc.constantFrom(...RANGE_NAMES),
  fc
    .tuple(hour, fc.integer({ min: 1, max: 800 }))
    .map(([fromMs, hours]) => ({ fromMs, toMs: fromMs + hours * 3_600_000 })),
);
const route: fc.Arbitrary<Route> = fc
  .record({
    view,
    metric: fc.option(fc.stringMatching(/^[A-Za-z0-9_.%-]{1,20}$/), { nil: null }),
    kind: fc.option(token, { nil: null }),
    hourMs: fc.option(hour, { nil: null }),
    range,
    units: fc.uniqueArray(fc.constantFrom('[degF]', '[mi_i]/h', '[in_i\u0027Hg]', 'm3/h', 'K')),
    wall: fc.boolean(),
  })
  // A sensor's kind is part of what it is.
  .map((one) => (one.view.name === 'sensor' ? { ...one, kind: one.view.kind } : one));

describe('the address of a view', () => {
  it('puts on the screen what it was made of', () => {
    fc.assert(
      fc.property(route, (one) => {
        const { pathname, search } = new URL(formatRoute(one), 'http://localhost');
        expect(parseRoute(pathname, search)).toEqual(one);
      }),
    );
  });

  it('leaves out what is as always, and can be read aloud', () => {
    const city: Route = { ...START, view: { name: 'city', city: 'metropolis' } };
    expect(formatRoute(city)).toBe('/city/metropolis');
    expect(formatRoute({ ...city, metric: 'no2', hourMs: Date.parse('2026-11-24T20:00Z'), range: '7d' })).toBe(
      '/city/metropolis?metric=no2&hour=2026-11-24T20:00Z&range=7d',
    );
  });

  it('that nobody made shows what can be shown', () => {
    expect(parseRoute('/city/', '')).toMatchObject({ view: { name: 'unknown', path: '/city/' } });
    expect(parseRoute('/city/a/district/b/sensor', '?sensor=x')).toMatchObject({ view: { name: 'unknown' } });
    expect(parseRoute('/city/%E0%A4%A', '?hour=soon&range=ever&from=2026-01-02&to=2026-01-01')).toMatchObject({
      view: { name: 'city', city: '%E0%A4%A' },
      hourMs: null,
      range: '24h',
    });
  });
});
