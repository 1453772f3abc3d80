/** Tables of the `baselines` benchmark, and whether they say the same. Boundary: SQL. */
import type { ClickHouseClient } from '@clickhouse/client';
import { TABLES as HOURGLASS_TABLES } from '../src/runtime/clickhouse-schema.ts';
import type { Servers } from './servers.ts';

/** In the order in which they are taken. */
export const WAYS = ['naive', 'raw', 'hourglass'] as const;
export type Way = (typeof WAYS)[number];

const KEY = 'city, district, kind, metric, sensor, hour';
const COLUMNS = `city LowCardinality(String), district LowCardinality(String), kind LowCardinality(String),
  metric LowCardinality(String), sensor String`;

const TABLES = [
  'CREATE DATABASE IF NOT EXISTS bench',
  `CREATE TABLE bench.naive_hourly (${COLUMNS}, hour DateTime('UTC'), count UInt64, sum Float64, min Float64, max Float64)
   ENGINE = MergeTree PARTITION BY toYYYYMM(hour) ORDER BY (${KEY})`,
  `CREATE TABLE bench.raw (${COLUMNS}, time DateTime64(3, 'UTC'), value Float64)
   ENGINE = MergeTree PARTITION BY toYYYYMM(time) ORDER BY (city, district, kind, metric, sensor, time)`,
  `CREATE TABLE bench.raw_hourly (${COLUMNS}, hour DateTime('UTC'), count SimpleAggregateFunction(sum, UInt64),
     sum SimpleAggregateFunction(sum, Float64), min SimpleAggregateFunction(min, Float64), max SimpleAggregateFunction(max, Float64))
   ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (${KEY})`,
  `CREATE MATERIALIZED VIEW bench.raw_hourly_mv TO bench.raw_hourly AS
   SELECT city, district, kind, metric, sensor, toDateTime(toStartOfHour(r.time), 'UTC') AS hour,
     count() AS count, sum(r.value) AS sum, min(r.value) AS min, max(r.value) AS max
   FROM bench.raw AS r GROUP BY ${KEY}`,
];
const TABLES_OF: Record<Way, readonly string[]> = {
  hourglass: HOURGLASS_TABLES.map((table) => `hourglass.${table}`),
  naive: ['bench.naive_hourly'],
  raw: ['bench.raw', 'bench.raw_hourly'],
};

const HOURS_OF: Record<Way, string> = {
  hourglass: 'hourglass.hourly',
  naive: 'bench.naive_hourly',
  raw: 'bench.raw_hourly FINAL',
};

export async function createBaselineTables(client: ClickHouseClient): Promise<void> {
  for (const query of TABLES) await client.command({ query });
}

export async function emptyBaselineTables(client: ClickHouseClient): Promise<void> {
  for (const table of [...TABLES_OF.naive, ...TABLES_OF.raw])
    await client.command({ query: `TRUNCATE TABLE ${table}` });
}

/** Of all its tables, merged as far as they can be. */
export async function diskBytes(servers: Servers, way: Way): Promise<number> {
  for (const table of TABLES_OF[way]) await servers.clickhouse.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  const names = TABLES_OF[way].map((table) => `'${table}'`).join(', ');
  const [bytes] = await servers.row<[number]>(
    `SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND concat(database, '.', table) IN (${names})`,
  );
  return bytes;
}

/** Series' hours that not all of the three have with the same count, sum, min and max. @throws where there are none at all. */
export async function seriesThatDiffer(servers: Servers): Promise<number> {
  const all = WAYS.map(
    (way) => `SELECT '${way}' AS way, toString(city) AS city, toString(district) AS district, toString(kind) AS kind,
      toString(metric) AS metric, sensor, hour, toUInt64(count) AS n, toFloat64(sum) AS s, min AS low, max AS high
      FROM ${HOURS_OF[way]}`,
  ).join(' UNION ALL ');
  const [hours, differ] = await servers.row<[number, number]>(
    `SELECT count(), countIf(ways != ${String(WAYS.length)}) FROM
     (SELECT ${KEY}, n, s, low, high, uniqExact(way) AS ways FROM (${all}) GROUP BY ${KEY}, n, s, low, high)`,
  );
  if (hours === 0) throw new Error('none of the three has an hour');
  return differ;
}
