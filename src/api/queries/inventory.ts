/**
 * What there is: cities, their districts, sensors. All from the table of sensors, one row a series.
 *
 * Boundary: the table; a series is in it seconds after its first reading.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import type { SeriesKey } from '../../model/cluster.ts';
import { equalTo, keyAfter, keyParams, selectRows, type KeyColumn } from './sql.ts';

export interface CityRow {
  city: string;
  districts: number;
  sensors: number;
}
export interface DistrictRow {
  city: string;
  district: string;
  kinds: string[];
  metrics: string[];
  sensors: number;
}
/** Times in ms since 1970. */
export interface SensorRow extends SeriesKey {
  firstSeenMs: number;
  lastSeenMs: number;
}
export type SensorKey = readonly [string, string, string, string, string];

interface Slice<K> {
  after: K | null;
  limit: number;
}

/**
 * Sensors of a city: one name in two districts is two sensors.
 * @param only this city alone.
 */
export async function readCities(
  client: ClickHouseClient,
  { after, limit }: Slice<readonly [string]>,
  only?: string,
): Promise<CityRow[]> {
  const rows = await selectRows<[string, number, number]>(
    client,
    `SELECT city, uniqExact(district), uniqExact(district, sensor) FROM hourglass.sensor_facts
     WHERE true${equalTo({ city: only })} ${after === null ? '' : 'AND city > {after0:String}'}
     GROUP BY city ORDER BY city LIMIT {limit:UInt32}`,
    { city: only, ...keyParams(after ?? []), limit },
  );
  return rows.map(([city, districts, sensors]) => ({ city, districts, sensors }));
}

export async function readDistricts(
  client: ClickHouseClient,
  city: string,
  { after, limit }: Slice<readonly [string]>,
): Promise<DistrictRow[]> {
  const rows = await selectRows<[string, string[], string[], number]>(
    client,
    `SELECT district, arraySort(groupUniqArray(kind)), arraySort(groupUniqArray(metric)), uniqExact(sensor)
     FROM hourglass.sensor_facts
     WHERE city = {city:String} ${after === null ? '' : 'AND district > {after0:String}'}
     GROUP BY district ORDER BY district LIMIT {limit:UInt32}`,
    { city, ...keyParams(after ?? []), limit },
  );
  return rows.map(([district, kinds, metrics, sensors]) => ({ city, district, kinds, metrics, sensors }));
}

const SENSOR_KEY: readonly KeyColumn[] = ['city', 'district', 'kind', 'metric', 'sensor'].map((column) => ({
  column,
  type: 'String',
}));

export async function readSensors(
  client: ClickHouseClient,
  filter: Readonly<Record<string, string | undefined>>,
  { after, limit }: Slice<SensorKey>,
): Promise<SensorRow[]> {
  const rows = await selectRows<[string, string, string, string, string, number, number]>(
    client,
    `SELECT city, district, kind, metric, sensor, toUnixTimestamp64Milli(first_seen), toUnixTimestamp64Milli(last_seen)
     FROM hourglass.sensors
     WHERE true${equalTo(filter)} ${after === null ? '' : `AND city >= {after0:String} AND ${keyAfter(SENSOR_KEY)}`}
     ORDER BY city, district, kind, metric, sensor LIMIT {limit:UInt32}`,
    { ...filter, ...keyParams(after ?? []), limit },
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

/** A metric of a district, and how many sensors it has, about. */
export interface PlaceSeries {
  readonly city: string;
  readonly district: string;
  readonly metric: string;
  readonly series: number;
}

export async function readPlaceSeries(client: ClickHouseClient): Promise<PlaceSeries[]> {
  const rows = await selectRows<[string, string, string, number]>(
    client,
    'SELECT city, district, metric, uniq(sensor) FROM hourglass.sensor_facts GROUP BY city, district, metric',
    {},
    { max_threads: 1 },
  );
  return rows.map(([city, district, metric, series]) => ({ city, district, metric, series }));
}

/** A series is a row, or some until they are merged. */
export async function readSeriesRows(client: ClickHouseClient): Promise<number> {
  const [[rows] = [0]] = await selectRows<[number]>(client, 'SELECT count() FROM hourglass.sensor_facts', {});
  return rows;
}
