/**
 * The second stage in the database: which days there are, and compacting those of a month (infra/clickhouse/0007_compaction.sql).
 *
 * Boundary: statements; when, and by whom, is compactor.ts's.
 * Invariant 16: a compacted day stands under the number of the blocks that its figures were read from, no more and no fewer. The
 * rollups' rows are asked for their blocks before and after they are read; blocks only come, or go for ever, so that between the same
 * number twice every statement saw the same ones.
 * Concurrency: a month's days are made in a table of their own and exchanged all at once. Two nodes may compact at once: what the
 * slower one leaves is true under its numbers, or does not count.
 */
import { randomUUID } from 'node:crypto';
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { DAY_HOURS, HOUR_MS, monthOf } from '../model/hour.ts';
import { COMPACTION_LEFTOVER_S, COMPACTION_SORT_BYTES } from '../model/limits.ts';

export interface Database {
  readonly client: ClickHouseClient;
  /** Aborts what is under way. */
  readonly stop: AbortSignal;
}

/** A UTC day of the tables. */
export interface TableDay {
  /** Since 1970. */
  readonly day: number;
  /** The number of the blocks that it has. */
  readonly blocks: number;
  /** The number of the blocks that it was compacted from; null: it was not. */
  readonly compacted: number | null;
}

/** Beside workers, broker and questions: one processor, the rows in the order in which they lie, and never much memory. */
const SETTINGS: ClickHouseSettings = {
  max_threads: 1,
  max_insert_threads: '1',
  max_execution_time: 0,
  mutations_sync: '2',
  optimize_aggregation_in_order: 1,
  do_not_merge_across_partitions_select_final: 1,
  max_bytes_before_external_group_by: String(COMPACTION_SORT_BYTES),
};

const STAGE = 'compacting_';
const DROP_MS_MAX = 5_000;

/** By month (`YYYYMM`), a name that changes whenever {@link readTableDays} may give something else of it. */
export async function readMonthNames(database: Database): Promise<Map<number, string>> {
  const months = await select<{ month: number; name: string }>(
    database,
    `SELECT toUInt32(partition) AS month, toString(groupBitXor(cityHash64(table, name))) AS name FROM system.parts
     WHERE database = 'hourglass' AND table IN ('day_blocks', 'compacted_rollups') AND active GROUP BY month`,
  );
  return new Map(months.map(({ month, name }) => [month, name]));
}

/** In order. @param months `YYYYMM`. */
export async function readTableDays(database: Database, months: readonly number[]): Promise<TableDay[]> {
  const [days, compacted] = await Promise.all([
    select<{ day: number; blocks: number }>(
      database,
      `SELECT toUInt16(v.day) AS day, v.blocks AS blocks FROM hourglass.day_versions AS v
       WHERE toYYYYMM(v.day) IN {months:Array(UInt32)} ORDER BY day`,
      { months },
    ),
    select<{ day: number; blocks: number }>(
      database,
      `SELECT toUInt16(toDate(begins)) AS day, blocks FROM hourglass.compacted_rollups
       WHERE step = 'compacted' AND toYYYYMM(begins) IN {months:Array(UInt32)}`,
      { months },
    ),
  ]);
  const from = new Map(compacted.map(({ day, blocks }) => [day, blocks]));
  return days.map(({ day, blocks }) => ({ day, blocks, compacted: from.get(day) ?? null }));
}

/**
 * Compacts days of one month; its other compacted days stay as they are.
 *
 * @returns the days that were compacted: those whose rollups' rows are of exactly these blocks, before and after.
 */
export async function compactDays(
  database: Database,
  wanted: readonly Pick<TableDay, 'day' | 'blocks'>[],
): Promise<number[]> {
  const [first] = wanted;
  if (first === undefined) return [];
  const month = monthOf(first.day * DAY_HOURS);
  const before = await versionsOfRollups(database, month);
  const due = wanted.filter(({ day, blocks }) => before.get(day) === blocks);
  if (due.length === 0) return [];
  const params = { month, days: due.map(({ day }) => dateOf(day)), versions: due.map(({ blocks }) => blocks) };
  const stage = `hourglass.${STAGE}${randomUUID().replaceAll('-', '')}`;
  const run = async (query: string): Promise<void> => {
    await command(database, query, params);
  };
  await run(`CREATE TABLE ${stage} AS hourglass.compacted_rollups`);
  try {
    await run(`INSERT INTO ${stage} SELECT * FROM hourglass.compacted_rollups
      WHERE toYYYYMM(begins) = {month:UInt32} AND toDate(begins) NOT IN ${DAYS}`);
    for (const place of ['district', 'city'] as const) {
      await run(insertHours(stage, place));
      await run(insertDays(stage, place));
    }
    await run(`INSERT INTO ${stage} (step, begins, blocks)
      SELECT 'compacted', toDateTime(day, 'UTC'), ${VERSION} FROM (SELECT arrayJoin(${DAYS}) AS day)`);
    // One part: a question reads a part after the other.
    await run(`OPTIMIZE TABLE ${stage} FINAL`);
    const after = await versionsOfRollups(database, month);
    const changed = due.filter(({ day, blocks }) => after.get(day) !== blocks).map(({ day }) => day);
    if (changed.length === due.length) return [];
    if (changed.length > 0)
      await command(database, `ALTER TABLE ${stage} DELETE WHERE toUInt16(toDate(begins)) IN [${changed.join()}]`, {});
    await run(`ALTER TABLE hourglass.compacted_rollups REPLACE PARTITION ${String(month)} FROM ${stage}`);
    return due.map(({ day }) => day).filter((day) => !changed.includes(day));
  } finally {
    // Also where it was told to stop.
    await command({ ...database, stop: AbortSignal.timeout(DROP_MS_MAX) }, `DROP TABLE IF EXISTS ${stage}`);
  }
}

/** Tables of nodes that ended in the middle. @param ageS from which on nobody can be at work on one. */
export async function dropLeftovers(database: Database, ageS = COMPACTION_LEFTOVER_S): Promise<void> {
  const tables = await select<{ name: string }>(
    database,
    `SELECT name FROM system.tables WHERE database = 'hourglass' AND startsWith(name, '${STAGE}')
     AND metadata_modification_time <= now() - ${String(ageS)}`,
  );
  for (const { name } of tables) await command(database, `DROP TABLE IF EXISTS hourglass.${name}`);
}

const DAYS = '{days:Array(Date)}';
const VERSION = `{versions:Array(UInt64)}[indexOf(${DAYS}, day)]`;
const COLUMNS =
  '(step, city, district, metric, kind, begins, blocks, count, sum, min, max, sensors, revision, sensor_hours)';

type PlaceOf = 'district' | 'city';
const DISTRICT: Readonly<Record<PlaceOf, string>> = { district: 'district', city: "''" };

/** The view's hours. */
function insertHours(stage: string, of: PlaceOf): string {
  return `INSERT INTO ${stage} ${COLUMNS}
    SELECT 'hour', city, ${DISTRICT[of]}, metric, kind, hour, {versions:Array(UInt64)}[indexOf(${DAYS}, toDate(hour))],
      count, sum, min, max, sensors, revision, sensors
    FROM hourglass.${of}_hourly WHERE toYYYYMM(hour) = {month:UInt32} AND toDate(hour) IN ${DAYS}`;
}

/** The view's days, and how many sensors their hours have. */
function insertDays(stage: string, of: PlaceOf): string {
  return `INSERT INTO ${stage} ${COLUMNS}
    SELECT 'day', d.city, d.place, d.metric, d.kind, toDateTime(d.day, 'UTC'), ${VERSION},
      d.count, d.sum, d.min, d.max, d.sensors, d.revision, h.sensor_hours
    FROM (SELECT *, ${DISTRICT[of]} AS place FROM hourglass.${of}_daily WHERE toYYYYMM(day) = {month:UInt32} AND day IN ${DAYS}) AS d
    INNER JOIN
    (
      SELECT city, district AS place, metric, kind, toDate(begins) AS day, sum(sensors) AS sensor_hours FROM ${stage}
      WHERE step = 'hour' AND (district = '') = ${of === 'city' ? '1' : '0'} AND day IN ${DAYS} GROUP BY city, place, metric, kind, day
    ) AS h USING (city, place, metric, kind, day)`;
}

/** By day of a month, the number of the blocks whose rows `district_facts` has. */
async function versionsOfRollups(database: Database, month: number): Promise<Map<number, number>> {
  const rows = await select<{ day: number; blocks: number }>(
    database,
    'SELECT toUInt16(v.day) AS day, v.blocks AS blocks FROM hourglass.district_day_versions AS v WHERE toYYYYMM(v.day) = {month:UInt32}',
    { month },
  );
  return new Map(rows.map(({ day, blocks }) => [day, blocks]));
}

/** 2026-11-24. */
function dateOf(day: number): string {
  return new Date(day * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10);
}

async function select<Row>(
  { client, stop }: Database,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<Row[]> {
  const clickhouse_settings: ClickHouseSettings = { ...SETTINGS, output_format_json_quote_64bit_integers: 0 };
  const ask = { query, query_params, clickhouse_settings, abort_signal: stop, format: 'JSONEachRow' } as const;
  return (await client.query(ask)).json<Row>();
}

async function command(
  { client, stop }: Database,
  query: string,
  query_params: Record<string, unknown> = {},
): Promise<void> {
  await client.command({ query, query_params, clickhouse_settings: SETTINGS, abort_signal: stop });
}
