/** What coverages are measured by, read for many places at once and in one pass: the same as of a question each, which FINAL answers. */
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { fact, insertFacts, startTestDatabase, type TestDatabase } from '../../test/support/clickhouse.ts';
import { type CountedClient, countedClient } from '../../test/support/counted-client.ts';
import type { SeriesKey } from '../model/cluster.ts';
import { KNOWN_SENSORS_GATHER_MS } from '../model/limits.ts';
import { Random } from '../model/random.ts';
import { keptCadences } from './kept-cadences.ts';
import { keptKnownSensors } from './kept-known-sensors.ts';
import { type CadenceAsk, readCadences } from './queries/cadence.ts';
import { Gate } from './queries/gate.ts';
import { KnownSensors, readKnownChanges } from './queries/known-sensors.ts';
import type { Place } from './queries/places.ts';

const OPEN = Math.floor(Date.UTC(2026, 10, 23, 14) / 3_600_000);
const [CITIES, DISTRICTS, METRICS] = [
  ['lisbon', 'porto'],
  ['d0', 'd1'],
  ['temp', 'hum'],
] as const;
const KINDS = ['air', 'sea'];

let database: TestDatabase;
let counted: CountedClient;
const series: SeriesKey[] = [];
beforeAll(async () => {
  database = await startTestDatabase();
  const random = new Random(1);
  for (const city of CITIES)
    for (const district of DISTRICTS)
      for (const metric of METRICS)
        for (const kind of KINDS)
          for (let at = 0; at < 3; at++) series.push({ city, district, kind, metric, sensor: `s${String(at)}` });
  const facts = series.flatMap((of, at) => {
    const hours = [at % 4, 40 + (at % 7)][at % 2] ?? 0;
    return Array.from({ length: hours }, (_, back) =>
      // Some hours in several rows, of corrections, of another partition, of a stream before.
      Array.from({ length: random.chance(0.25) ? 2 : 1 }, (_block, block) =>
        fact({
          ...of,
          hour: OPEN - 1 - back * 5,
          count: random.whole(1, 60),
          block: 1 + block,
          partition: block * random.whole(0, 1),
          revised: block === 0 ? 0 : 1,
        }),
      ),
    ).flat();
  });
  await insertFacts(database.client, facts);
  // Blocks that were inserted once more.
  await insertFacts(database.client, facts.filter((_, at) => at % 3 === 0)); // prettier-ignore
}, 60_000);
afterAll(() => database.stop());

let nowMs: number;
let version: number;
const depsOf = (): Parameters<typeof keptCadences>[0] => ({
  clickhouse: counted.client,
  clock: { monotonicMs: () => nowMs } as never,
  dataVersion: () => version,
  tablesAreSettled: () => true,
  figuresGate: new Gate(3),
  backgroundGate: new Gate(1),
});
beforeEach(() => {
  counted = countedClient(database.client);
  [nowMs, version] = [0, 1];
});

function ofPlace(city: string, district: string, metric: string, hour = OPEN): CadenceAsk {
  return {
    of: { filter: { city, district, metric }, between: null },
    fromHour: hour,
    toHour: hour + 1,
    openHour: hour,
  };
}

describe('cadences of an open hour', () => {
  it('in one pass are those of several hours, whose blocks FINAL reads', async () => {
    const ask = { of: { filter: {}, between: null }, fromHour: OPEN, openHour: OPEN };
    const one = await readCadences(database.client, { ...ask, toHour: OPEN + 1 });
    const several = await readCadences(database.client, { ...ask, toHour: OPEN + 2 });
    const expected = series.map((of) => several.expectedOf({ ...of, hour: OPEN }));
    expect(series.map((of) => one.expectedOf({ ...of, hour: OPEN }))).toEqual(expected);
    expect(new Set(expected).size).toBeGreaterThan(10);
    expect(expected.filter((known) => known === undefined).length).toBeGreaterThan(0);
    expect(one.size).toBe(expected.filter((known) => known !== undefined).length);
  });

  it('of all places are read after the first that somebody waits for, and are those of a question each', async () => {
    const read = keptCadences(depsOf());
    await read(ofPlace('porto', 'd1', 'hum'));
    // Its own, how many sensors there are, where, and theirs.
    await expect.poll(() => counted.queries.length).toBe(4);
    await pause(50);
    for (const of of series) {
      const ask = ofPlace(of.city, of.district, of.metric);
      const [kept, alone] = [await read(ask), await readCadences(database.client, ask)];
      expect(kept.expectedOf({ ...of, hour: OPEN })).toBe(alone.expectedOf({ ...of, hour: OPEN }));
    }
    expect(counted.queries).toHaveLength(4);
  });

  it('are taken for the next hour’s until these are read, by nobody who waits', async () => {
    const read = keptCadences(depsOf());
    const of = series.at(-1);
    if (of === undefined) throw new Error('there are no series');
    const before = (await read(ofPlace('porto', 'd1', 'hum'))).expectedOf({ ...of, hour: OPEN });
    await expect.poll(() => counted.queries.length).toBe(4);
    await insertFacts(
      database.client,
      Array.from({ length: 60 }, (_, back) => fact({ ...of, hour: OPEN - back, count: 999, block: 9 })),
    );
    version = 2;
    const next = () => read(ofPlace('porto', 'd1', 'hum', OPEN + 1));
    expect(before).toBeGreaterThan(0);
    expect((await next()).expectedOf({ ...of, hour: OPEN + 1 })).toBe(before);
    await expect.poll(async () => (await next()).expectedOf({ ...of, hour: OPEN + 1 })).toBeGreaterThan(900);
    expect(counted.queries).toHaveLength(5);
    // The hour before is asked for as well, until it is final.
    const ofBefore = await read(ofPlace('porto', 'd1', 'hum'));
    expect(ofBefore.expectedOf({ ...of, hour: OPEN })).toBeGreaterThan(900);
    expect((await next()).expectedOf({ ...of, hour: OPEN + 1 })).toBeGreaterThan(900);
    await pause(2 * KNOWN_SENSORS_GATHER_MS);
    expect(counted.queries).toHaveLength(5);
  });
});

describe('known sensors', () => {
  it('of all places are one question, and those of a question each', async () => {
    const read = keptKnownSensors(depsOf());
    const places: Place[] = CITIES.flatMap((city) => [{ city }, ...DISTRICTS.map((district) => ({ city, district }))]);
    for (const metric of [...METRICS, 'none'])
      for (const { city, district } of places)
        for (const kind of KINDS) {
          const ask = district === undefined ? { city } : { city, district };
          const alone = new KnownSensors(
            await readKnownChanges(database.client, { places: [{ ...ask, metric }], kind }),
          );
          const known = await read({ places: [ask], metric, kind });
          const of = { city, district: district ?? null, kind };
          for (let back = -300; back < 400; back += 7)
            expect(known.sensorHours(of, OPEN - back, OPEN - back + 24)).toBe(
              alone.sensorHours(of, OPEN - back, OPEN - back + 24),
            );
          if (metric !== 'none') expect(known.sensorHours(of, OPEN - 400, OPEN)).toBeGreaterThan(0);
        }
    // How many sensors there are, and theirs.
    expect(counted.queries).toHaveLength(2);
  });
});
