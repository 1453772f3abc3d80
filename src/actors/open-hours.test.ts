/** Questions about a few series against the same question about all: windows and unconfirmed blocks, whatever the names. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ActorBench, HOUR, T0 } from '../../test/support/actor-bench.ts';
import type { OpenRow } from '../model/cluster.ts';

const H0 = T0 / HOUR;
const sensors = ['s1', 's2', 'größe', 'n'.repeat(130), 'n'.repeat(127), 'n'.repeat(128)];
const metrics = ['temp', 'm'.repeat(64)];
const subjects = ['city.mid.air.gw', 'city.mid.noise.gw', 'town.mid.air.gw'];
const step = fc.record({
  sensor: fc.constantFrom(...sensors),
  metric: fc.constantFrom(...metrics),
  subject: fc.constantFrom(...subjects),
  hour: fc.integer({ min: 0, max: 2 }),
  v: fc.integer({ min: -9, max: 9 }),
  after: fc.constantFrom('nothing', 'nothing', 'seal', 'recover'),
});

it('a sensor, and a list of series, are answered as they stand among all', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const bench = new ActorBench();
      for (const { sensor, metric, subject, hour, v, after } of steps) {
        bench.send({
          subject,
          payload: [{ n: `${sensor}/${metric}`, t: (T0 + hour * HOUR) / 1_000, v }],
          receivedMs: T0 + 3 * HOUR,
        });
        if (after === 'seal') bench.actor.seal(T0, { all: true });
        if (after === 'recover') bench.recover(bench.checkpoint());
      }
      const range = { fromHour: H0, toHour: H0 + 2, limit: 1_000 };
      const all = bench.actor.openHours(range);
      const wantedOf = (isWanted: (row: OpenRow) => boolean): OpenRow[] => all.filter(isWanted);
      for (const sensor of [...sensors, 'unknown']) {
        expect(bench.actor.openHours({ ...range, sensor })).toEqual(wantedOf((row) => row.sensor === sensor));
        expect(bench.actor.openHours({ ...range, sensor, city: 'city', metric: 'temp' })).toEqual(
          wantedOf((row) => row.sensor === sensor && row.city === 'city' && row.metric === 'temp'),
        );
      }
      const series = all.filter((_, at) => at % 2 === 0);
      const keys = new Set(series.map(keyOf));
      expect(bench.actor.openHours({ ...range, series })).toEqual(wantedOf((row) => keys.has(keyOf(row))));
      const sensor = series[0]?.sensor ?? 's1';
      expect(bench.actor.openHours({ ...range, series, sensor })).toEqual(
        wantedOf((row) => keys.has(keyOf(row)) && row.sensor === sensor),
      );
    }),
  );
});

function keyOf({ city, district, kind, metric, sensor }: OpenRow): string {
  return [city, district, kind, metric, sensor].join('|');
}
