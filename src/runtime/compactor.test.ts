/** When days are compacted, and by whom: on a real database, looked at by hand. */
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { systemClock } from '../model/clock.ts';
import { DAY_HOURS, HOUR_MS } from '../model/hour.ts';
import { COMPACTION_REST_FACTOR, COMPACTION_RETRY_MS } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { readTableDays } from './compaction.ts';
import { Compactor, startCompactor } from './compactor.ts';

const silent = (): void => undefined;
const log: Log = { debug: silent, info: silent, warn: silent, error: silent };

let database: TestDatabase;
beforeAll(async () => {
  database = await startTestDatabase();
}, 60_000);
afterAll(() => database.stop());
afterEach(async () => {
  await database.empty();
});

const MONTHS = [202610, 202611];
/** Days since 1970: the last two of October 2026 and the first two of November. */
const DAYS = [29, 30, 31, 32].map((day) => Date.UTC(2026, 9, day + 1) / (DAY_HOURS * HOUR_MS));
const insert = (day: number, block: number): Promise<void> =>
  insertFacts(database.client, [fact({ hour: day * DAY_HOURS + 5, block })]);
/** Places in DAYS of those that are compacted from what they have. */
async function compacted(): Promise<number[]> {
  const stop = new AbortController().signal;
  const days = await readTableDays({ client: database.client, stop }, MONTHS);
  return days.filter((day) => day.blocks === day.compacted).map(({ day }) => DAYS.indexOf(day));
}

class Node {
  owner: string | null = 'this-node/0';
  finalDay = DAYS[3]!;
  readonly rests: number[] = [];
  #monotonicMs = 0;
  readonly ports = {
    clickhouse: database.client,
    cluster: { finalThroughMs: () => this.finalDay * DAY_HOURS * HOUR_MS, ownerOf: () => this.owner },
    node: 'this-node',
    clock: {
      ...systemClock,
      // Everything takes a second.
      monotonicMs: () => (this.#monotonicMs += 1_000),
      sleep: (ms: number) => Promise.resolve(void this.rests.push(ms)),
    },
    log,
  };
  readonly compactor = new Compactor(this.ports, new AbortController().signal);
  passMs = (ms: number): void => void (this.#monotonicMs += ms);
  look = (): Promise<void> => this.compactor.look();
}

it('a day is compacted when all its hours are final and its blocks were the same at two looks', async () => {
  const node = new Node();
  for (const [at, day] of DAYS.entries()) await insert(day, at + 1);
  await node.look();
  expect(await compacted()).toEqual([]);
  // Corrected between the looks: it has not rested.
  await insert(DAYS[1]!, 9);
  await node.look();
  expect(await compacted()).toEqual([0, 2]);
  await node.look();
  expect(await compacted()).toEqual([0, 1, 2]);
  // Nothing comes, but the last day's hours become final.
  node.finalDay++;
  await node.look();
  expect(await compacted()).toEqual([0, 1, 2]);
  await node.look();
  expect(await compacted()).toEqual([0, 1, 2, 3]);
  // A run of each month, at first; after each it rests.
  expect(node.rests).toEqual([1, 2, 3, 4].map(() => COMPACTION_REST_FACTOR * 1_000));
});

it('the node that owns the first partition does it, and begins anew when it comes to it', async () => {
  const node = new Node();
  await insert(DAYS[0]!, 1);
  await node.look();
  for (const owner of ['this-node-too/0', 'another/1', null]) {
    node.owner = owner;
    await node.look();
    expect(await compacted()).toEqual([]);
  }
  node.owner = 'this-node/3';
  await node.look();
  expect(await compacted()).toEqual([]);
  await node.look();
  expect(await compacted()).toEqual([0]);
});

it('a day whose rows are not those of its list is tried again only after a while, or when it changes', async () => {
  const node = new Node();
  await insert(DAYS[0]!, 1);
  const lost = { query: 'TRUNCATE TABLE hourglass.district_facts' };
  await database.client.command(lost);
  for (let look = 0; look < 4; look++) await node.look();
  expect(node.rests).toHaveLength(1);
  node.passMs(COMPACTION_RETRY_MS);
  for (let look = 0; look < 4; look++) await node.look();
  expect(node.rests).toHaveLength(2);
  await insert(DAYS[0]!, 2);
  for (let look = 0; look < 4; look++) await node.look();
  expect(node.rests).toHaveLength(3);
  // The rows come again.
  await insert(DAYS[0]!, 1);
  node.passMs(COMPACTION_RETRY_MS);
  for (let look = 0; look < 2; look++) await node.look();
  expect(await compacted()).toEqual([0]);
});

it('a month that fails is said, tried again after a while, and keeps no other from being compacted', async () => {
  const node = new Node();
  for (const [at, day] of DAYS.entries()) await insert(day, at + 1);
  let fails = true;
  const { clickhouse } = node.ports;
  const failing = Object.create(clickhouse, {
    command: {
      value: (ask: Parameters<typeof clickhouse.command>[0]) =>
        fails && ask.query.includes('REPLACE PARTITION 202611')
          ? Promise.reject(new Error('no memory'))
          : clickhouse.command(ask),
    },
  }) as typeof clickhouse;
  const compactor = new Compactor({ ...node.ports, clickhouse: failing }, new AbortController().signal);
  await compactor.look();
  await expect(compactor.look()).rejects.toThrow('no memory');
  expect(await compacted()).toEqual([0, 1]);
  fails = false;
  for (let look = 0; look < 2; look++) await compactor.look();
  expect(await compacted()).toEqual([0, 1]);
  node.passMs(COMPACTION_RETRY_MS);
  for (let look = 0; look < 2; look++) await compactor.look();
  expect(await compacted()).toEqual([0, 1, 2]);
});

it('a database that does not answer is said once, and asked again', async () => {
  const { ports } = new Node();
  const said: string[] = [];
  let looks = 0;
  const clickhouse = Object.create(ports.clickhouse, {
    query: { value: () => Promise.reject(new Error('no answer')) },
  }) as typeof ports.clickhouse;
  const compactor = startCompactor({
    ...ports,
    clickhouse,
    log: { ...log, warn: (text: string) => void said.push(text) },
    clock: { ...ports.clock, sleep: (ms) => (++looks < 3 ? Promise.resolve() : systemClock.sleep(ms, stop.signal)) },
  });
  const stop = new AbortController();
  await expect.poll(() => looks).toBe(3);
  stop.abort();
  await compactor.stop();
  expect(said).toEqual([expect.stringMatching(/past days cannot be compacted, trying again: .*no answer/)]);
});
