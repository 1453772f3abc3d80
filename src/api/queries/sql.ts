/**
 * Small parts of SQL text. Values never become text: they go as parameters `{name:Type}`.
 *
 * Boundary: strings; column names and types are literals of this program.
 */
import { QUERY_MEMORY_BYTES_MAX, QUERY_S_MAX } from '../../model/limits.ts';
import {
  extractErrorAtTheEndOfChunk,
  TupleParam,
  type ClickHouseClient,
  type ClickHouseSettings,
} from '@clickhouse/client';
import type { SeriesKey } from '../../model/cluster.ts';

const READ_SETTINGS: ClickHouseSettings = {
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  // A page is written by the thread that made it: waking others takes longer than writing some rows.
  output_format_parallel_formatting: 0,
  // A key never lies in two months, and pages end early where the table's order is used.
  do_not_merge_across_partitions_select_final: 1,
  optimize_aggregation_in_order: 1,
  max_execution_time: QUERY_S_MAX,
  max_memory_usage: String(QUERY_MEMORY_BYTES_MAX),
};

/**
 * Rows as arrays, in the order of the SELECT. Integers are numbers; inf and nan are null.
 *
 * @throws {ClickHouseError} also where the database breaks off after its first rows.
 */
export async function selectRows<Row extends readonly unknown[]>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown>,
  settings: ClickHouseSettings = {},
): Promise<Row[]> {
  // One parse of all lines: the client's own, a line at a time, takes several times as long.
  return select(
    client,
    { query, query_params, settings, format: 'JSONCompactEachRow' },
    (text) => JSON.parse(`[${text.trimEnd().replaceAll('\n', ',')}]`) as Row[],
  );
}

/** As {@link selectRows}, by the columns' names: a number takes no object of its own, and rows are not taken apart. */
export async function selectColumns<Columns>(
  client: ClickHouseClient,
  query: string,
  query_params: Record<string, unknown>,
  settings: ClickHouseSettings = {},
): Promise<Columns> {
  return select(client, { query, query_params, settings, format: 'JSONColumnsWithMetadata' }, (text) => {
    const { meta, data } = JSON.parse(text) as { meta: { name: string }[]; data: Record<string, unknown[]> };
    // Without rows there are no columns either.
    for (const { name } of meta) data[name] ??= [];
    return data as unknown as Columns;
  });
}

async function select<Answer>(
  client: ClickHouseClient,
  {
    query,
    query_params,
    settings,
    format,
  }: {
    query: string;
    query_params: Record<string, unknown>;
    settings: ClickHouseSettings;
    format: 'JSONCompactEachRow' | 'JSONColumnsWithMetadata';
  },
  parse: (text: string) => Answer,
): Promise<Answer> {
  const clickhouse_settings = { ...READ_SETTINGS, ...settings };
  const result = await client.query({ query, query_params, format, clickhouse_settings });
  const text = await result.text();
  try {
    return parse(text);
  } catch (cause) {
    const tag = result.response_headers['x-clickhouse-exception-tag'];
    if (tag === undefined) throw cause;
    throw extractErrorAtTheEndOfChunk(Buffer.from(text), String(tag));
  }
}

export interface KeyColumn {
  readonly column: string;
  readonly type: string;
}

/**
 * "The key comes after the parameters `after0`, `after1`, ...", written out column by column: the primary index
 * understands this and does not understand a comparison of tuples.
 */
export function keyAfter(columns: readonly KeyColumn[]): string {
  return columns.reduceRight((rest, { column, type }, at) => {
    const value = `{after${String(at)}:${type}}`;
    return rest === '' ? `${column} > ${value}` : `(${column} > ${value} OR (${column} = ${value} AND ${rest}))`;
  }, '');
}

export function keyParams(key: readonly (string | number)[]): Record<string, unknown> {
  return Object.fromEntries(key.map((value, at) => [`after${String(at)}`, value]));
}

/** `AND column = {column:String}` for every filter that is given. */
export function equalTo(filters: Readonly<Record<string, string | undefined>>): string {
  return Object.keys(filters)
    .filter((column) => filters[column] !== undefined)
    .map((column) => ` AND ${column} = {${column}:String}`)
    .join('');
}

/** The columns of a series in the order of the tables' keys. */
const SERIES = ['city', 'district', 'kind', 'metric', 'sensor'] as const;

/**
 * For questions that name a sensor and no city, or a metric and no kind: the primary index of `hourly_facts` is of little use
 * where columns before the last named one are open (it reads 15 of 86 million rows for one sensor), so the table of
 * sensors, one row a series, says what they can be.
 *
 * @returns a condition; null where the index needs no help.
 */
export function knownSeries(filters: Readonly<Record<string, string | undefined>>): string | null {
  const last = SERIES.findLastIndex((column) => filters[column] !== undefined);
  const columns = SERIES.slice(0, last + 1);
  if (columns.every((column) => filters[column] !== undefined)) return null;
  const list = columns.join(', ');
  return `(${list}) IN (SELECT ${list} FROM hourglass.sensor_facts WHERE true${equalTo(filters)})`;
}

/** "One of these series", for {@link seriesParam}. The primary index understands it. */
export const SERIES_IN =
  '(city, district, kind, metric, sensor) IN {series:Array(Tuple(String, String, String, String, String))}';

export function seriesParam(series: readonly SeriesKey[]): Record<string, unknown> {
  return {
    series: series.map(
      ({ city, district, kind, metric, sensor }) => new TupleParam([city, district, kind, metric, sensor]),
    ),
  };
}

/**
 * `WITH` entries that end in `total`, a double-double: the sum of the exact digits in column `sums` of district_facts, as
 * the views add them up (infra/clickhouse/0006_exact_rollups.sql says why in pieces).
 */
export function exactTotal(sums: string): string {
  return `(a, b) -> (a - ((a + b) - ((a + b) - a))) + (b - ((a + b) - a)) AS lost,
      (s, x) -> (s.1 + x) + (lost(s.1, x) + s.2) AS high,
      (s, x) -> (high(s, x), (lost(s.1, x) + s.2) - (high(s, x) - (s.1 + x))) AS add_to,
      (digit, shift) -> toFloat64(toUInt64(bitAnd(bitShiftRight(toUInt256(abs(digit)), shift), 4503599627370495))) AS piece,
      (position, digit) -> arrayMap(shift -> if(piece(digit, shift) = 0, 0., sign(digit) * piece(digit, shift) * exp2(128 * position + shift - 1074)), [208, 156, 104, 52, 0]) AS terms,
      arrayFold((s, x) -> add_to(s, x), arrayFlatten(arrayMap((p, d) -> terms(p, d), sumMap(${sums}).1, sumMap(${sums}).2)), (0., 0.)) AS total`;
}
