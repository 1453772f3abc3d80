/**
 * Answers to the fields of ./schema.ts, from the queries of the REST API.
 *
 * Boundary: arguments are checked by the REST API's own schemas. Lists below other lists go through batches.
 */
import { z } from '@hono/zod-openapi';
import { askBooksOfTime } from '../books-of-time.ts';
import { readBooks } from '../books.ts';
import { findHours, type FindHours } from '../found-hours.ts';
import { hourHeadersOf, periodsOf } from '../hours.ts';
import { readBareHourlyPage } from '../hourly.ts';
import type { BareHourlyRow } from '../hourly-row.ts';
import { readCoverage } from '../hourly-coverage.ts';
import { unitOf } from '../registered-unit.ts';
import { city, district, kind, metric, range, sensor } from '../params.ts';
import { readDistrictsOf, readSensorsOf } from '../queries/batches.ts';
import { readCities, readSensors, type CityRow, type DistrictRow, type SensorRow } from '../queries/inventory.ts';
import { hourOf } from '../../model/hour.ts';
import { seriesName } from '../../model/series-name.ts';
import { Problem } from '../problem.ts';
import {
  CITIES,
  connectionOf,
  DISTRICTS,
  firstOf,
  HOURS,
  keyAfterCursor,
  pageArguments,
  SENSORS,
} from './connections.ts';
import { argumentsOf } from './arguments.ts';
import { byParent, once, type RequestContext } from './context.ts';
import { Subscription } from './live.ts';
import { civilResolver, hourlyResolver } from './rollups.ts';

type Args = Readonly<Record<string, unknown>>;

const pageArgs = z.strictObject(pageArguments);
const ofCity = z.strictObject({ city, ...pageArguments });
const ofSensors = z.strictObject({
  city: city.optional(),
  district: district.optional(),
  kind: kind.optional(),
  metric: metric.optional(),
  ...pageArguments,
});
const ofHours = z.strictObject({ ...ofSensors.shape, sensor: sensor.optional(), ...range });
const ofDistrictSensors = z.strictObject({ kind: kind.optional(), metric: metric.optional(), ...pageArguments });
const ofSeriesHours = z.strictObject({
  order: z.enum(['OLDEST_FIRST', 'NEWEST_FIRST']),
  ...range,
  ...pageArguments,
});

/** A series as the schema has it. */
interface SeriesNode extends Omit<SensorRow, 'firstSeenMs' | 'lastSeenMs'> {
  firstSeen: string;
  lastSeen: string;
}

function seriesNode({ firstSeenMs, lastSeenMs, ...row }: SensorRow): SeriesNode {
  return { ...row, firstSeen: new Date(firstSeenMs).toISOString(), lastSeen: new Date(lastSeenMs).toISOString() };
}

const Query = {
  cities: async (_: unknown, args: Args, context: RequestContext) => {
    const { first, after } = argumentsOf(pageArgs, args);
    const key = keyAfterCursor(CITIES, after);
    const rows = await context.questions.ask(() =>
      readCities(context.deps.clickhouse, { after: key, limit: first + 1 }),
    );
    return firstOf(CITIES, rows, first);
  },

  city: async (_: unknown, args: Args, context: RequestContext) => {
    const { city: name } = argumentsOf(z.strictObject({ city }), args);
    const rows = await context.questions.ask(() =>
      readCities(context.deps.clickhouse, { after: null, limit: 1 }, name),
    );
    return rows[0] ?? null;
  },

  districts: (_: unknown, args: Args, context: RequestContext) => {
    const { city: name, ...page } = argumentsOf(ofCity, args);
    return districtsOf({ city: name }, page, context);
  },

  sensors: async (_: unknown, args: Args, context: RequestContext) => {
    const { first, after, ...filter } = argumentsOf(ofSensors, args);
    const key = keyAfterCursor(SENSORS, after);
    const rows = await context.questions.ask(() =>
      readSensors(context.deps.clickhouse, filter, { after: key, limit: first + 1 }),
    );
    return firstOf(SENSORS, rows.map(seriesNode), first);
  },

  hourly: async (_: unknown, args: Args, context: RequestContext) => {
    const { first, after, from, to, ...filter } = argumentsOf(ofHours, args);
    const hours = periodsOf({ from, to }, 1);
    const ask = { filter, fromHour: hours.from, toHour: hours.to, after: keyAfterCursor(HOURS, after), limit: first };
    const { rows, next } = await context.questions.ask(() => readBareHourlyPage(context.deps, ask));
    return connectionOf(HOURS, withCoverage(rows, filter, context), next !== null);
  },

  ledger: async (_: unknown, _args: Args, context: RequestContext) => {
    const { cluster, clickhouse, workers, horizonMs, books: committed } = context.deps;
    const { incarnation, partitions } = cluster;
    const { books, missing, problems } = await context.questions.ask(async () =>
      readBooks(await workers.status(), { clickhouse, incarnation, partitions, horizonMs, committed: committed() }),
    );
    return { partitions: books, missing, problems, balanced: problems.length === 0 && books.every(isBalanced) };
  },

  ledgerOfTime: async (_: unknown, args: Args, context: RequestContext) => {
    const asked = argumentsOf(z.strictObject(range), args);
    const { books, missing, problems, fromMs, toMs } = await context.questions.ask(() =>
      askBooksOfTime(context.deps, asked),
    );
    return {
      from: timeOf(fromMs),
      to: timeOf(toMs),
      partitions: books.map((book) => ({ ...book, from: timeOf(book.fromMs), to: timeOf(book.toMs) })),
      missing,
      problems,
      balanced: problems.length === 0 && books.every(isBalanced),
    };
  },

  progress: (_: unknown, _args: Args, { deps }: RequestContext) => {
    const headers = hourHeadersOf(deps.cluster);
    return { watermark: headers['Hourglass-Watermark'], finalThrough: headers['Hourglass-Final-Through'] };
  },
};

const City = {
  name: ({ city: of }: CityRow, _: Args, { deps }: RequestContext) => deps.registry.city(of)?.entry.name ?? null,
  timeZone: ({ city: of }: CityRow, _: Args, { deps }: RequestContext) =>
    deps.registry.city(of)?.entry.timeZone ?? null,
  districtCount: (row: CityRow) => row.districts,
  sensorCount: (row: CityRow) => row.sensors,
  districts: (row: CityRow, args: Args, context: RequestContext) =>
    districtsOf(row, argumentsOf(pageArgs, args), context),
  hourly: hourlyResolver('city'),
  daily: civilResolver('city', 'day'),
  monthly: civilResolver('city', 'month'),
};

const District = {
  name: (row: DistrictRow, _: Args, { deps }: RequestContext) =>
    deps.registry.district(row.city, row.district)?.entry.name ?? null,
  sensorCount: (row: DistrictRow) => row.sensors,
  sensors: async (row: DistrictRow, args: Args, context: RequestContext) => {
    const { first, after, ...filter } = argumentsOf(ofDistrictSensors, args);
    const key = keyAfterCursor(SENSORS, after);
    if (key !== null && (key[0] !== row.city || key[1] !== row.district)) throw new Problem(400, FOREIGN_CURSOR);
    const slice = { after: key === null ? null : ([key[2], key[3], key[4]] as const), limit: first + 1 };
    const rows = await context.questions.batch('District.sensors', args, row, placeId, async (places) => {
      const found = await readSensorsOf(context.deps.clickhouse, places, filter, slice);
      return byParent(places, placeId, found, placeId);
    });
    return firstOf(SENSORS, rows.map(seriesNode), first);
  },
  hourly: hourlyResolver('district'),
  daily: civilResolver('district', 'day'),
  monthly: civilResolver('district', 'month'),
};

const Series = {
  name: (row: SeriesNode, _: Args, { deps }: RequestContext) => deps.registry.sensor(row)?.entry.name ?? null,
  owner: (row: SeriesNode, _: Args, { deps }: RequestContext) => deps.registry.sensor(row)?.entry.owner ?? null,
  location: (row: SeriesNode, _: Args, { deps }: RequestContext) => {
    const [longitude, latitude, altitude] = deps.registry.sensor(row)?.entry.location?.coordinates ?? [];
    return longitude === undefined ? null : { longitude, latitude, altitude };
  },
  unit: (row: SeriesNode, _: Args, { deps }: RequestContext) => unitOf(deps.registry, row),
  hourly: async (row: SeriesNode, args: Args, context: RequestContext) => {
    const { first, after, order, from, to } = argumentsOf(ofSeriesHours, args);
    const hours = periodsOf({ from, to }, 1);
    const key = keyAfterCursor(HOURS, after);
    if (key !== null && SENSORS.keyOf(row).some((name, at) => name !== key[at])) throw new Problem(400, FOREIGN_CURSOR);
    const isDescending = order === 'NEWEST_FIRST';
    const ask = {
      filter: {},
      fromHour: key === null || isDescending ? hours.from : Math.max(hours.from, key[5] + 1),
      toHour: key === null || !isDescending ? hours.to : Math.min(hours.to, key[5]),
      order: [{ column: 'hour', isDescending }],
      skip: 0,
      limit: first + 1,
      isPerSeries: true,
      isCounted: false,
    } satisfies FindHours;
    const rows = await context.questions.batch('Series.hourly', args, row, seriesName, async (series) => {
      if (ask.fromHour >= ask.toHour) return series.map(() => []);
      const { rows: found } = await findHours(context.deps, { ...ask, series });
      return byParent(series, seriesName, withCoverage(found, series, context), seriesName);
    });
    return firstOf(HOURS, rows, first);
  },
};

/** Rows whose coverage is looked up for all of them when it is asked for one. */
function withCoverage<Row extends BareHourlyRow>(
  rows: readonly Row[],
  of: Parameters<typeof readCoverage>[1],
  { deps, questions, before }: RequestContext,
): (Row & { coverage: () => Promise<number | null> })[] {
  const hours = rows.map((row) => ({ ...row, hour: hourOf(Date.parse(row.hour)) }));
  const covered = once(() => questions.ask(() => readCoverage(deps, of, hours, before)));
  return rows.map((row, at) => ({
    ...row,
    coverage: async () => {
      const hour = hours[at];
      return hour === undefined ? null : (await covered())(hour);
    },
  }));
}

async function districtsOf(
  parent: { city: string },
  { first, after }: { first: number; after?: string | undefined },
  context: RequestContext,
): Promise<unknown> {
  const slice = { after: keyAfterCursor(DISTRICTS, after), limit: first + 1 };
  const rows = await context.questions.batch('City.districts', slice, parent.city, nameOf, async (cities) => {
    const found = await readDistrictsOf(context.deps.clickhouse, cities, slice);
    return byParent(cities, nameOf, found, ({ city: name }) => name);
  });
  return firstOf(DISTRICTS, rows, first);
}

function nameOf(name: string): string {
  return name;
}

function placeId(row: { city: string; district: string }): string {
  return `${row.city}/${row.district}`;
}

const FOREIGN_CURSOR = '`after` is a cursor of another parent: ask for that one alone.';

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function isBalanced(book: { readonly problems: readonly string[] }): boolean {
  return book.problems.length === 0;
}

export const resolvers = {
  Query,
  Subscription,
  City,
  District,
  Series,
  PartitionBook: { balanced: isBalanced },
  PartitionBookOfTime: { balanced: isBalanced },
  Status: { FINAL: 'final', PROVISIONAL: 'provisional' },
};
