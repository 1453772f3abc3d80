/**
 * Hours of single sensors from the view `hourly`, under any condition and in any order of its columns.
 *
 * Boundary: the view only, so readings in the workers' memory are not in it: ../found-hours.ts asks it for final hours.
 * Conditions come as SQL with parameters; column names are literals of this program.
 */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import type { SeriesKey } from '../../model/cluster.ts';
import { READ_MS_MAX } from '../../model/limits.ts';
import { selectRows } from './sql.ts';

/** Part of a WHERE: text without values, and the values. */
export interface Condition {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export const SERIES_COLUMNS = ['city', 'district', 'kind', 'metric', 'sensor'] as const;
const FIGURES = ['count', 'sum', 'min', 'max', 'mean', 'revision'] as const;
export type HourColumn = (typeof SERIES_COLUMNS)[number] | (typeof FIGURES)[number] | 'hour';

/** One column to sort by. Nulls come last, whatever the direction. */
export interface SortKey<Column extends string = HourColumn> {
  readonly column: Column;
  readonly isDescending: boolean;
}

export interface ViewHour extends SeriesKey {
  /** Hour index. */
  hour: number;
  count: number;
  sum: number | null;
  min: number;
  max: number;
  mean: number | null;
  revision: number;
}

interface ViewHoursAsk {
  /** More rows than this are not read: the question fails where the table's order does not narrow it down; absent: any number. */
  readonly rowsReadMax?: number | undefined;
  readonly conditions: readonly Condition[];
  /** Hour indexes, `to` exclusive. */
  readonly fromHour: number;
  readonly toHour: number;
}

export async function readViewHours(
  client: ClickHouseClient,
  ask: ViewHoursAsk & {
    /** Ends in the key, so that the order is total. */
    readonly order: readonly SortKey[];
    readonly skip: number;
    readonly limit: number;
    /** `limit` rows of each series instead of all together. */
    readonly isPerSeries: boolean;
  },
): Promise<ViewHour[]> {
  const limit = ask.isPerSeries
    ? `LIMIT {limit:UInt32} BY ${SERIES_COLUMNS.join(', ')}`
    : 'LIMIT {limit:UInt32} OFFSET {skip:UInt32}';
  const rows = await selectRows<
    [string, string, string, string, string, number, number, number | null, number, number, number | null, number]
  >(
    client,
    `SELECT city, district, kind, metric, sensor, intDiv(toUnixTimestamp(hour), 3600),
       count, sum, min, max, mean, revision
     FROM hourglass.hourly WHERE ${whereOf(ask.conditions)} ORDER BY ${orderOf(ask.order)} ${limit}`,
    { ...paramsOf(ask), limit: ask.limit, skip: ask.skip },
    boundsOf(ask),
  );
  return rows.map(([city, district, kind, metric, sensor, hour, count, sum, min, max, mean, revision]) => ({
    city,
    district,
    kind,
    metric,
    sensor,
    hour,
    count,
    sum,
    min,
    max,
    mean,
    revision,
  }));
}

export async function countViewHours(client: ClickHouseClient, ask: ViewHoursAsk): Promise<number> {
  const rows = await selectRows<[number]>(
    client,
    `SELECT count() FROM hourglass.hourly WHERE ${whereOf(ask.conditions)}`,
    paramsOf(ask),
    boundsOf(ask),
  );
  return rows[0]?.[0] ?? 0;
}

function boundsOf({ rowsReadMax }: ViewHoursAsk): ClickHouseSettings {
  const time = { max_execution_time: READ_MS_MAX / 1_000 };
  return rowsReadMax === undefined ? time : { ...time, max_rows_to_read: String(rowsReadMax) };
}

export function orderOf(order: readonly SortKey<string>[]): string {
  return order.map(({ column, isDescending }) => `${column} ${isDescending ? 'DESC' : 'ASC'} NULLS LAST`).join(', ');
}

function whereOf(conditions: readonly Condition[]): string {
  const range = "hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')";
  return [range, ...conditions.map(({ sql }) => `(${sql})`)].join(' AND ');
}

function paramsOf({ conditions, fromHour, toHour }: ViewHoursAsk): Record<string, unknown> {
  const range = { from: fromHour * 3_600, to: toHour * 3_600 };
  return Object.assign(range, ...conditions.map(({ params }) => params)) as Record<string, unknown>;
}
