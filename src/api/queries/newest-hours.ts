/**
 * The newest hour of each kind and metric of a city.
 *
 * Boundary: the rollups; hours that are still in the workers' memory are added by ../weather.ts.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { equalTo, selectRows } from './sql.ts';

export interface NewestHour {
  kind: string;
  metric: string;
  /** Hour index. */
  hour: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  sensors: number;
}

type Row = [string, string, number, number, number | null, number, number, number | null, number];

/** Of the hours in `[fromHour, toHour)`. @param filter `city`, and `district`, `kind` where they are wanted. */
export async function readNewestHours(
  client: ClickHouseClient,
  filter: Readonly<Record<string, string | undefined>>,
  range: { readonly fromHour: number; readonly toHour: number },
): Promise<NewestHour[]> {
  const view = filter['district'] === undefined ? 'city_hourly' : 'district_hourly';
  const where = `hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')${equalTo(filter)}`;
  const rows = await selectRows<Row>(
    client,
    `SELECT kind, metric, intDiv(toUnixTimestamp(hour), 3600), count, sum, min, max, mean, sensors
     FROM hourglass.${view}
     WHERE ${where} AND (kind, metric, hour) IN (
       SELECT kind, metric, max(hour) FROM hourglass.district_facts WHERE ${where} GROUP BY kind, metric)
     ORDER BY kind, metric`,
    { ...filter, from: range.fromHour * 3_600, to: range.toHour * 3_600 },
  );
  return rows.map(([kind, metric, hour, count, sum, min, max, mean, sensors]) => ({
    kind,
    metric,
    hour,
    count,
    sum,
    min,
    max,
    mean,
    sensors,
  }));
}
