/** A database that is only busy is not away. Over a real engine. */
import { createClient } from '@clickhouse/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { systemClock } from '../model/clock.ts';
import { DATABASE_SILENCE_MS_MAX } from '../model/limits.ts';
import { DatabaseAway, guardDatabase } from './database-guard.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase(false);
}, 60_000);
afterAll(() => database.stop());

/** The most that ClickHouse sleeps in one block. */
const SLEEP_S = 3;

it('questions that wait for a connection are answered: signs of life do not wait behind them', async () => {
  const client = createClient({ url: database.url, max_open_connections: 1 });
  const guard = guardDatabase(client, createClient({ url: database.url }), systemClock);
  const count = Math.ceil((2 * DATABASE_SILENCE_MS_MAX) / (SLEEP_S * 1_000));
  const asked = Array.from({ length: count }, (_, at) =>
    guard.client
      .query({ query: `SELECT ${String(at)}, sleep(${String(SLEEP_S)})`, format: 'JSONCompactEachRow' })
      .then((result) => result.json()),
  );
  expect(await Promise.all(asked)).toEqual(asked.map((_, at) => [[at, 0]]));
  expect(guard.isAway).toBe(false);
  await guard.close();
  await client.close();
});

it('one that nobody serves is away at once', async () => {
  const client = createClient({ url: 'http://127.0.0.1:9' });
  const guard = guardDatabase(client, createClient({ url: 'http://127.0.0.1:9' }), systemClock);
  await expect.poll(() => guard.isAway, { timeout: 10_000 }).toBe(true);
  await expect(guard.client.query({ query: 'SELECT 1' })).rejects.toThrow(DatabaseAway);
  await guard.close();
  await client.close();
});
