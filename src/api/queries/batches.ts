/**
 * The lists of many parents in one question each: districts of cities, sensors of districts, rollups of places.
 *
 * Boundary: the table and the views, as inventory.ts and rollups.ts; `limit` rows of each parent, after one key for all.
 */
import { TupleParam, type ClickHouseClient } from '@clickhouse/client';
import type { DistrictRow, SensorRow } from './inventory.ts';
import { PERIODS, type RollupFigures, type RollupKey } from './rollups.ts';
import { equalTo, keyAfter, keyParams, selectRows } from './sql.ts';

export interface Place {
  readonly city: string;
  readonly district: string;
}

export async function readDistrictsOf(
  client: ClickHouseClient,
  cities: readonly string[],
  { after, limit }: { after: readonly [string] | null; limit: number },
): Promise<DistrictRow[]> {
  const rows = await selectRows<[string, string, string[], string[], number]>(
    client,
    `SELECT city, district, arraySort(groupUniqArray(kind)), arraySort(groupUniqArray(metric)), uniqExact(sensor)
     FROM hourglass.sensor_facts
     WHERE city IN {cities:Array(String)} ${after === null ? '' : 'AND district > {after0:String}'}
     GROUP BY city, district ORDER BY city, district LIMIT {limit:UInt32} BY city`,
    { cities, ...keyParams(after ?? []), limit },
  );
  return rows.map(([city, district, kinds, metrics, sensors]) => ({ city, district, kinds, metrics, sensors }));
}

const WITHIN_DISTRICT = ['kind', 'metric', 'sensor'].map((column) => ({ column, type: 'String' }));

/** @param after kind, metric, sensor. */
export async function readSensorsOf(
  client: ClickHouseClient,
  places: readonly Place[],
  filter: Readonly<Record<string, string | undefined>>,
  { after, limit }: { after: readonly [string, string, string] | null; limit: number },
): Promise<SensorRow[]> {
  const rows = await selectRows<[string, string, string, string, string, number, number]>(
    client,
    `SELECT city, district, kind, metric, sensor, toUnixTimestamp64Milli(first_seen), toUnixTimestamp64Milli(last_seen)
     FROM hourglass.sensors
     WHERE (city, district) IN {places:Array(Tuple(String, String))}${equalTo(filter)}
       ${after === null ? '' : `AND ${keyAfter(WITHIN_DISTRICT)}`}
     ORDER BY city, district, kind, metric, sensor LIMIT {limit:UInt32} BY city, district`,
    { places: placesParam(places), ...filter, ...keyParams(after ?? []), limit },
  );
  return rows.map(([city, district, kind, metric, sensor, firstSeenMs, lastSeenMs]) => ({
    city,
    district,
    kind,
    metric,
    sensor,
    firstSeenMs,
    lastSeenMs,
  }));
}

interface RollupsAsk {
  /** Cities alone, or districts: then each with its city. */
  readonly places: readonly (Omit<Place, 'district'> & Partial<Place>)[];
  readonly per: 'hourly' | 'daily';
  readonly metric: string;
  readonly kind?: string | undefined;
  /** Hour or day indexes, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly after: RollupKey | null;
  readonly limit: number;
}
type PlacedRollup = RollupFigures & { city: string; district: string | null };

export async function readRollupsOf(client: ClickHouseClient, ask: RollupsAsk): Promise<PlacedRollup[]> {
  const { column, index, of } = PERIODS[ask.per];
  const isOfDistricts = ask.places.some(({ district }) => district !== undefined);
  const view = `${isOfDistricts ? 'district' : 'city'}_${ask.per}`;
  const place = isOfDistricts ? 'city, district' : 'city';
  const within = isOfDistricts
    ? '(city, district) IN {places:Array(Tuple(String, String))}'
    : 'city IN {places:Array(String)}';
  const after = `AND (kind > {after0:String} OR (kind = {after0:String} AND ${column} > ${of('after1')}))`;
  const { metric, kind } = ask;
  const rows = await selectRows<
    [string, string | null, string, number, number, number | null, number, number, number | null, number, number]
  >(
    client,
    `SELECT city, ${isOfDistricts ? 'district' : 'NULL'}, kind, ${index}, count, sum, min, max, mean, sensors, revision
     FROM hourglass.${view}
     WHERE ${within} AND ${column} >= ${of('from')} AND ${column} < ${of('to')}${equalTo({ metric, kind })}
       ${ask.after === null ? '' : after}
     ORDER BY ${place}, kind, ${column} LIMIT {limit:UInt32} BY ${place}`,
    {
      places: isOfDistricts
        ? placesParam(ask.places.map(({ city, district = '' }) => ({ city, district })))
        : ask.places.map(({ city }) => city),
      metric,
      kind,
      from: ask.from,
      to: ask.to,
      limit: ask.limit,
      ...(ask.after === null ? {} : keyParams(ask.after)),
    },
  );
  return rows.map(([city, district, kindOf, period, count, sum, min, max, mean, sensors, revision]) => ({
    city,
    district,
    kind: kindOf,
    period,
    count,
    sum,
    min,
    max,
    mean,
    sensors,
    revision,
  }));
}

function placesParam(places: readonly Place[]): TupleParam[] {
  return places.map(({ city, district }) => new TupleParam([city, district]));
}
