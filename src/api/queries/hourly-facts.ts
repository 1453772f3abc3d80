/**
 * Hours of single sensors from the table, as sums that can still be added to.
 *
 * Boundary: the table only; what is in the workers' memory is added by ../hourly.ts.
 * Invariants: 4 (FINAL reads each block once), 8 (rows that the workers' answer holds are left out).
 */
import { TupleParam, type ClickHouseClient } from '@clickhouse/client';
import type { PartitionEdge, SeriesKey } from '../../model/cluster.ts';
import { addPairTo, type DoubleDouble } from '../../model/double-double.ts';
import { PAGE_BLOCK_LIMIT, PAGE_BLOCK_ROWS } from '../../model/limits.ts';
import {
  equalTo,
  keyAfter,
  keyParams,
  knownSeries,
  selectRows,
  SERIES_IN,
  seriesParam,
  type KeyColumn,
} from './sql.ts';

export type SeriesFilter = Partial<Readonly<Record<keyof SeriesKey, string | undefined>>>;
/** city, district, kind, metric, sensor, hour index: the order of table and pages. */
export type HourKey = readonly [string, string, string, string, string, number];

/** One series' hour, added up. */
export interface HourSum extends SeriesKey {
  hour: number;
  count: number;
  /** Not finite: it overflowed. */
  total: DoubleDouble;
  min: number;
  max: number;
  revisions: number;
}

/** Blocks that are not to be read for hours from `fromHour` on: memory has them. */
export interface HiddenBlocks {
  readonly fromHour: number;
  readonly incarnation: number;
  /** One a partition, each partition once. */
  readonly edges: readonly PartitionEdge[];
}

const KEY: readonly KeyColumn[] = [
  ...['city', 'district', 'kind', 'metric', 'sensor'].map((column) => ({ column, type: 'String' })),
  { column: 'hour', type: "DateTime('UTC')" },
];

type FactsRow = [
  ...SeriesColumns,
  number,
  number,
  parts: [hi: number | null, lo: number | null][],
  number,
  number,
  number,
];
type SeriesColumns = [city: string, district: string, kind: string, metric: string, sensor: string];

export interface FactsAsk {
  readonly filter: SeriesFilter;
  /** Only these series; absent: all that the filter lets through. */
  readonly series?: readonly SeriesKey[];
  readonly fromHour: number;
  readonly toHour: number;
  readonly after: HourKey | null;
  readonly limit: number;
  readonly hidden: HiddenBlocks | null;
}

/** The first rows in the table's order: several threads would each read first rows of their own, which costs more and is seldom faster. */
const PAGE_SETTINGS = { max_block_size: String(PAGE_BLOCK_ROWS), max_threads: 1 } as const;

/** At most `limit` hours in `[fromHour, toHour)` after the key, in the order of the key. */
export async function readHourFacts(client: ClickHouseClient, ask: FactsAsk): Promise<HourSum[]> {
  const hidden = ask.hidden === null ? null : hiddenParams(ask.hidden);
  const series = ask.series === undefined ? knownSeries(ask.filter) : SERIES_IN;
  const query = `
    SELECT city, district, kind, metric, sensor, intDiv(toUnixTimestamp(hour), 3600), sum(count),
      arrayMap(p -> [p.4, p.5], arraySort(groupArray((incarnation, partition, block, sum, sum_lo)))),
      min(min), max(max), countIf(revised = 1)
    FROM hourglass.hourly_facts FINAL
    WHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')${equalTo(ask.filter)}${series === null ? '' : ` AND ${series}`}
      ${ask.after === null ? '' : `AND city >= {after0:String} AND ${keyAfter(KEY)}`}
      ${hidden === null ? '' : `AND NOT (${HIDDEN})`}
    GROUP BY city, district, kind, metric, sensor, hour
    ORDER BY city, district, kind, metric, sensor, hour
    LIMIT {limit:UInt32}`;
  const params = {
    ...ask.filter,
    ...(ask.series === undefined ? {} : seriesParam(ask.series)),
    ...(ask.after === null ? {} : keyParams([...ask.after.slice(0, 5), ask.after[5] * 3_600])),
    ...hidden,
    from: ask.fromHour * 3_600,
    to: ask.toHour * 3_600,
    limit: ask.limit,
  };
  const rows = await selectRows<FactsRow>(client, query, params, ask.limit > PAGE_BLOCK_LIMIT + 1 ? {} : PAGE_SETTINGS);
  return rows.map(([city, district, kind, metric, sensor, hour, count, parts, min, max, revisions]) => ({
    city,
    district,
    kind,
    metric,
    sensor,
    hour,
    count,
    total: totalOf(parts),
    min,
    max,
    revisions,
  }));
}

/** @param parts sums to be added up, one a block; null: it overflowed. */
function totalOf(parts: FactsRow[7]): DoubleDouble {
  const total = { hi: 0, lo: 0 };
  for (const [hi, lo] of parts) addPairTo(total, hi ?? NaN, lo ?? NaN);
  return total;
}

/** The cities that have rows of hours from `hidden.fromHour` on which are not hidden. */
export async function readOpenCities(client: ClickHouseClient, hidden: HiddenBlocks): Promise<Set<string>> {
  const rows = await selectRows<[string]>(
    client,
    `SELECT DISTINCT city FROM hourglass.hourly_facts WHERE hour >= toDateTime({hiddenFrom:UInt32}, 'UTC') AND NOT (${HIDDEN})`,
    hiddenParams(hidden),
  );
  return new Set(rows.map(([city]) => city));
}

/** Condition for rows that {@link HiddenBlocks} hide; its parameters are {@link hiddenParams}. */
export const HIDDEN = `hour >= toDateTime({hiddenFrom:UInt32}, 'UTC') AND incarnation = {incarnation:UInt32}
  AND (block >= {nextBlocks:Array(UInt64)}[partition + 1]
    OR has({unconfirmed:Array(Tuple(UInt16, UInt64))}, (partition, block)))`;

/** Unconfirmed blocks are nearly always the newest: lowering the edge below them leaves the list empty. */
export function hiddenParams(hidden: HiddenBlocks): Record<string, unknown> {
  const nextBlocks: number[] = [];
  const unconfirmed: TupleParam[] = [];
  for (const edge of hidden.edges) {
    const rest = new Set(edge.unconfirmed);
    let next = edge.nextBlock;
    while (rest.delete(next - 1)) next--;
    nextBlocks[edge.partition] = next;
    for (const block of rest) unconfirmed.push(new TupleParam([edge.partition, block]));
  }
  return { hiddenFrom: hidden.fromHour * 3_600, incarnation: hidden.incarnation, nextBlocks, unconfirmed };
}
