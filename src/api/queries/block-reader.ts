/**
 * Rows of blocks of single series, as they are stored; questions of many callers in one.
 *
 * Job: while DATABASE_READS_MAX questions are with the database, those that come wait, and go as one when an answer is there. Why:
 * a database that is asked everything at once answers everything late, and many questions in one have one way there and back.
 * Boundary: the table only.
 * Invariant 8: a question is read after it was asked, never before.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import DataLoader from 'dataloader';
import type { SeriesKey } from '../../model/cluster.ts';
import { BLOCK_BATCH_MAX, DATABASE_READS_MAX, PAGE_BLOCK_ROWS } from '../../model/limits.ts';
import { seriesName } from '../../model/series-name.ts';
import { Gate } from './gate.ts';
import { selectColumns } from './sql.ts';

export interface BlockAsk {
  readonly series: SeriesKey;
  /** `[fromHour, toHour)`, indexes of hours. */
  readonly fromHour: number;
  readonly toHour: number;
  /** Where the range has more rows, these are the first; absent: all are wanted. */
  readonly limit?: number;
}

/** Rows by column. */
export interface BlockColumns {
  /** Index of the hour. */
  readonly hour_index: readonly number[];
  readonly partition: readonly number[];
  readonly block: readonly number[];
  readonly incarnation: readonly number[];
  readonly revised: readonly number[];
  readonly count: readonly number[];
  /** Double-double sums; null: it overflowed. */
  readonly sum: readonly (number | null)[];
  readonly sum_lo: readonly (number | null)[];
  readonly min: readonly number[];
  readonly max: readonly number[];
}

export interface BlockRows {
  readonly columns: BlockColumns;
  /** Places of the rows in the columns, in the order of hour, partition, block and incarnation; a block may be there twice. */
  readonly rows: readonly number[];
}

export type BlockReader = (ask: BlockAsk) => Promise<BlockRows>;

const COLUMNS =
  'intDiv(toUnixTimestamp(hour), 3600) AS hour_index, partition, block, incarnation, revised, count, sum, sum_lo, min, max';
const FIRST_ROWS = ' ORDER BY hour, partition, block, incarnation LIMIT {limit:UInt32}';
/**
 * Some granules: more threads would take longer to start than to read, and reading the key's columns before the others takes longer
 * than reading all at once.
 */
const SETTINGS = {
  max_threads: 1,
  max_block_size: String(PAGE_BLOCK_ROWS),
  optimize_move_to_prewhere: 0,
  // Most of a question is for the database to understand it; the analyzer of before takes a sixth less of all. One table and its columns
  // mean the same to both, and a database that has only the new one lets the setting be.
  enable_analyzer: 0,
} as const;

export function blockReader(client: ClickHouseClient): BlockReader {
  const gate = new Gate(DATABASE_READS_MAX);
  const loaderOf = (read: typeof readAll): DataLoader<BlockAsk, BlockRows> =>
    new DataLoader((asks) => gate.leaveAfter(read(client, asks)), {
      cache: false,
      maxBatchSize: BLOCK_BATCH_MAX,
      batchScheduleFn: (dispatch) => gate.enter(dispatch),
    });
  const [whole, first] = [loaderOf(readAll), loaderOf(readFirst)];
  return (ask) => (ask.limit === undefined ? whole : first).load(ask);
}

/** All rows of each question. */
async function readAll(client: ClickHouseClient, asks: readonly BlockAsk[]): Promise<BlockRows[]> {
  const { columns, rowsOf } = await readTogether(client, asks, null);
  if (asks.length === 1) return asks.map(({ series }) => ({ columns, rows: rowsOf(series) }));
  const hourOf = (row: number): number => columns.hour_index[row] ?? 0;
  return asks.map(({ series, fromHour, toHour }) => ({
    columns,
    rows: rowsOf(series).filter((row) => hourOf(row) >= fromHour && hourOf(row) < toHour),
  }));
}

/** The first rows of each question: a series' ranges one after the other, since each has first rows of its own. */
async function readFirst(client: ClickHouseClient, asks: readonly BlockAsk[]): Promise<BlockRows[]> {
  const limit = Math.max(...asks.map((ask) => ask.limit ?? 0));
  const answers = new Map<BlockAsk, BlockRows>();
  while (answers.size < asks.length) {
    const waiting = asks.filter((ask) => !answers.has(ask));
    const round = new Map<string, BlockAsk>();
    for (const ask of waiting) if (!round.has(seriesName(ask.series))) round.set(seriesName(ask.series), ask);
    const { columns, rowsOf } = await readTogether(client, [...round.values()], limit);
    for (const ask of waiting) {
      const asked = round.get(seriesName(ask.series));
      if (asked?.fromHour === ask.fromHour && asked.toHour === ask.toHour)
        answers.set(ask, { columns, rows: rowsOf(ask.series).slice(0, ask.limit) });
    }
  }
  return asks.flatMap((ask) => answers.get(ask) ?? []);
}

/** @param limit rows of a series; null: all. */
async function readTogether(
  client: ClickHouseClient,
  asks: readonly BlockAsk[],
  limit: number | null,
): Promise<{ columns: BlockColumns; rowsOf: (series: SeriesKey) => readonly number[] }> {
  const places = new Map<string, number>();
  for (const { series } of asks) if (!places.has(seriesName(series))) places.set(seriesName(series), places.size);
  const conditions = asks.map(condition);
  // Which series a row is of costs the less the fewer there are; one needs no look at all.
  const isOne = places.size === 1;
  const place = isOne ? '' : `, transform(${NAME}, {names:Array(String)}, {places:Array(UInt16)}, 0) AS place`;
  const first = limit === null ? '' : `${FIRST_ROWS}${isOne ? '' : ' BY place'}`;
  const columns = await selectColumns<BlockColumns & { readonly place?: readonly number[] }>(
    client,
    `SELECT ${COLUMNS}${place} FROM hourglass.hourly_facts
     WHERE ${conditions.map(({ where }) => `(${where})`).join(' OR ')}${first}`,
    {
      ...(Object.assign({}, ...conditions.map(({ params }) => params)) as Record<string, unknown>),
      ...(isOne ? {} : { names: [...places.keys()], places: [...places.values()] }),
      ...(limit === null ? {} : { limit }),
    },
    SETTINGS,
  );
  const rows = Array.from({ length: places.size }, (): number[] => []);
  for (let row = 0; row < columns.hour_index.length; row++) rows[columns.place?.[row] ?? 0]?.push(row);
  const compare = (a: number, b: number): number => compareBlocks(columns, a, b);
  // In order as they come, as a rule.
  for (const some of rows) if (some.some((row, at) => compare(some[at - 1] ?? row, row) > 0)) some.sort(compare);
  return { columns, rowsOf: (series) => rows[places.get(seriesName(series)) ?? 0] ?? [] };
}

/** {@link seriesName} */
const NAME = "concat(city, '/', district, '/', kind, '/', metric, '/', sensor)";

const SERIES = ['city', 'district', 'kind', 'metric', 'sensor'] as const;

/** Text and parameters; parameters end in the question's number. */
function condition(
  { series, fromHour, toHour }: BlockAsk,
  at: number,
): { where: string; params: Record<string, unknown> } {
  const n = String(at);
  const key = SERIES.map((column) => `${column} = {${column}${n}:String}`).join(' AND ');
  return {
    where: `${key} AND hour >= toDateTime({from${n}:UInt32}, 'UTC') AND hour < toDateTime({to${n}:UInt32}, 'UTC')`,
    params: {
      ...Object.fromEntries(SERIES.map((column) => [`${column}${n}`, series[column]])),
      [`from${n}`]: fromHour * 3_600,
      [`to${n}`]: toHour * 3_600,
    },
  };
}

function compareBlocks({ hour_index, partition, block, incarnation }: BlockColumns, a: number, b: number): number {
  return by(hour_index, a, b) || by(partition, a, b) || by(block, a, b) || by(incarnation, a, b);
}

function by(column: readonly number[], a: number, b: number): number {
  return (column[a] ?? 0) - (column[b] ?? 0);
}
