import { afterAll, beforeAll, expect, it } from 'vitest';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { countedClient } from '../../../test/support/counted-client.ts';
import { PLACES_BATCH_MAX } from '../../model/limits.ts';
import { Gate } from './gate.ts';
import { type KnownAsk, readKnownChanges } from './known-sensors.ts';
import { placesTogether } from './places-together.ts';
import { readRollup, readRollupAtOnce, type RollupAsk } from './rollups.ts';

const HOUR = Date.UTC(2026, 10, 23, 12) / 3_600_000;
const DISTRICTS = PLACES_BATCH_MAX + 3;

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
  for (let hour = HOUR; hour < HOUR + 3; hour++)
    for (const city of ['lisbon', 'porto'])
      await insertFacts(
        database.client,
        Array.from({ length: DISTRICTS }, (_, at) =>
          fact({ city, hour, district: `d${String(at)}`, sensor: `s${String(at)}`, sum: hour + at / 3, block: hour }),
        ),
      );
  // Of another metric, an hour later each.
  await insertFacts(
    database.client,
    Array.from({ length: DISTRICTS }, (_, at) =>
      fact({ metric: 'hum', hour: HOUR + at, district: `d${String(at)}`, sensor: `s${String(at)}`, block: HOUR - 1 }),
    ),
  );
}, 60_000);
afterAll(() => database.stop());

it('answers are those of one question each, and those that wait together are one question of up to so many places', async () => {
  const counted = countedClient(database.client);
  const together = placesTogether(new Gate(1), (ask: RollupAsk) => readRollupAtOnce(counted.client, ask));
  const shape = { metric: 'temp', from: HOUR, to: 1e6, after: null, limit: 2 };
  const places = ['lisbon', 'porto'].flatMap((city) => [
    { city },
    ...Array.from({ length: DISTRICTS }, (_, at) => ({ city, district: `d${String(at)}` })),
    { city, district: 'none' },
  ]);
  const asks: RollupAsk[] = [...places, ...places.slice(0, 2)].map((place) => ({ ...shape, places: [place] }));
  asks.push({ ...shape, places: [{ city: 'lisbon', district: 'd1' }], after: ['sensor', HOUR] });
  const answers = await Promise.all(asks.map(together));
  const districts = 2 * (DISTRICTS + 1) + 1;
  expect(counted.queries).toHaveLength(Math.ceil(districts / PLACES_BATCH_MAX) + 1 + 1);
  expect(answers).toEqual(await Promise.all(asks.map((ask) => readRollup(database.client, ask))));
  expect(answers[1]).toHaveLength(2);
});

it('metrics of places, too, go together', async () => {
  const counted = countedClient(database.client);
  const read = (ask: KnownAsk) => readKnownChanges(counted.client, ask);
  const together = placesTogether(new Gate(1), read, 50);
  const asks: KnownAsk[] = ['temp', 'hum', 'none'].flatMap((metric) => [
    { places: [{ city: 'lisbon', metric }] },
    { places: [{ city: 'lisbon', metric }], kind: 'air' },
    ...['lisbon', 'porto'].flatMap((city) =>
      ['d0', 'd1', 'none'].map((district) => ({ places: [{ city, district, metric }] })),
    ),
  ]);
  const answers = await Promise.all(asks.map(together));
  // 18 metrics of districts, 3 of a city, and of a kind of it.
  expect(counted.queries).toHaveLength(Math.ceil(18 / PLACES_BATCH_MAX) + 1 + 1);
  expect(answers).toEqual(await Promise.all(asks.map(read)));
  expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBeGreaterThan(5);
});

it('an error is of those who went together, and of nobody after', async () => {
  const together = placesTogether(new Gate(1), (ask: RollupAsk) => readRollupAtOnce(database.client, ask));
  const ask = (district: string, limit: number): Promise<unknown> =>
    together({ places: [{ city: 'lisbon', district }], metric: 'temp', from: HOUR, to: 1e6, after: null, limit });
  const both = await Promise.allSettled([ask('d0', -1), ask('d1', -1), ask('d2', 1)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(await ask('d0', 1)).toHaveLength(1);
});
