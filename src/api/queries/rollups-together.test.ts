import { afterAll, beforeAll, expect, it } from 'vitest';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../../test/support/clickhouse.ts';
import { countedClient } from '../../../test/support/counted-client.ts';
import { ROLLUP_BATCH_MAX } from '../../model/limits.ts';
import { Gate } from './gate.ts';
import { readRollup, type RollupAsk } from './rollups.ts';
import { rollupsTogether } from './rollups-together.ts';

const HOUR = Date.UTC(2026, 10, 23, 12) / 3_600_000;
const DISTRICTS = ROLLUP_BATCH_MAX + 3;

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
}, 60_000);
afterAll(() => database.stop());

it('answers are those of one question each, and those that wait together are one question of up to so many places', async () => {
  const counted = countedClient(database.client);
  const together = rollupsTogether(counted.client, new Gate(1));
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
  expect(counted.queries).toHaveLength(Math.ceil(districts / ROLLUP_BATCH_MAX) + 1 + 1);
  expect(answers).toEqual(await Promise.all(asks.map((ask) => readRollup(database.client, ask))));
  expect(answers[1]).toHaveLength(2);
});

it('an error is of those who went together, and of nobody after', async () => {
  const together = rollupsTogether(database.client, new Gate(1));
  const ask = (district: string, limit: number): Promise<unknown> =>
    together({ places: [{ city: 'lisbon', district }], metric: 'temp', from: HOUR, to: 1e6, after: null, limit });
  const both = await Promise.allSettled([ask('d0', -1), ask('d1', -1), ask('d2', 1)]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
  expect(await ask('d0', 1)).toHaveLength(1);
});
