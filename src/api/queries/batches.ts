/**
 * The lists of many parents in one question each: districts of cities, sensors of districts. Rollups: rollups.ts and civil.ts.
 *
 * Boundary: the table and the view, as inventory.ts; `limit` rows of each parent, after one key for all.
 */
import { TupleParam, type ClickHouseClient } from '@clickhouse/client';
import type { DistrictRow, SensorRow } from './inventory.ts';
import { equalTo, keyAfter, keyParams, selectRows } from './sql.ts';

interface District {
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
  places: readonly District[],
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

function placesParam(places: readonly District[]): TupleParam[] {
  return places.map(({ city, district }) => new TupleParam([city, district]));
}
