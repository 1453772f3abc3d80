/**
 * Hours under any condition, in any order: final ones from the view, open ones as `/v1/hourly` has them.
 *
 * Job: what GraphQL's batches and SensorThings' Observations ask. Boundary: the two readers below it; rows out.
 * Invariant 8: the border is read first; hours before it come from the view alone, later ones from `readBareHourlyPage`.
 * Hours that are still open are filtered and sorted here, in memory, so there may be OPEN_HOURS_ROWS_MAX of them.
 */
import type { SeriesKey } from '../model/cluster.ts';
import { hourIso } from '../model/hour.ts';
import { OPEN_HOURS_ROWS_MAX } from '../model/limits.ts';
import { seriesName } from '../model/series-name.ts';
import { compareUtf8 } from '../model/series-order.ts';
import { finalHour } from './hours.ts';
import { readBareHourlyPage } from './hourly.ts';
import type { BareHourlyRow } from './hourly-row.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';
import type { SeriesFilter } from './queries/hourly-facts.ts';
import { knownSeries, SERIES_IN, seriesParam } from './queries/sql.ts';
import {
  countViewHours,
  readViewHours,
  SERIES_COLUMNS,
  type Condition,
  type SortKey,
  type ViewHour,
} from './queries/view-hours.ts';

/** As of `/v1/hourly`, but for the coverage, which is not looked up here. */
export type FoundHour = BareHourlyRow;

export interface FindHours {
  /** Equalities: they also narrow what the workers are asked. */
  readonly filter: SeriesFilter;
  /** Only these series; absent: all that the filter lets through. */
  readonly series?: readonly SeriesKey[];
  /** One condition twice: for the database, and for rows of memory. */
  readonly where?: { readonly condition: Condition; readonly matches: (row: FoundHour) => boolean };
  /** Hour indexes, `to` exclusive. */
  readonly fromHour: number;
  readonly toHour: number;
  readonly order: readonly SortKey[];
  readonly skip: number;
  readonly limit: number;
  /** `skip` and `limit` apply to each series instead of all rows together. */
  readonly isPerSeries: boolean;
  readonly isCounted: boolean;
  /** Rows of the table that may be read for it; absent: any number. */
  readonly rowsReadMax?: number;
}

interface FoundHours {
  readonly rows: FoundHour[];
  /** How many there are without `skip` and `limit`; null where it was not asked. */
  readonly count: number | null;
}

/** The order of the table and of every page. */
export const KEY_ORDER: readonly SortKey[] = [...SERIES_COLUMNS, 'hour' as const].map((column) => ({
  column,
  isDescending: false,
}));

/**
 * @throws {Problem} 400 where more than OPEN_HOURS_ROWS_MAX hours of the range are still open, 503 where a partition
 * does not answer.
 */
export async function findHours(deps: ApiDeps, ask: FindHours): Promise<FoundHours> {
  const border = Math.min(ask.toHour, Math.max(ask.fromHour, finalHour(deps.cluster)));
  const order = [...ask.order, ...KEY_ORDER.filter(({ column }) => ask.order.every((key) => key.column !== column))];
  const open = border < ask.toHour ? await openHours(deps, ask, border) : [];
  const view = {
    conditions: [
      ...equalities(ask.filter),
      ...(ask.series === undefined ? known(ask.filter) : [{ sql: SERIES_IN, params: seriesParam(ask.series) }]),
      ...(ask.where === undefined ? [] : [ask.where.condition]),
    ],
    fromHour: ask.fromHour,
    toHour: border,
    rowsReadMax: ask.rowsReadMax,
  };
  const isFinalAsked = border > ask.fromHour && ask.limit > 0;
  // Where nothing is open, or every open hour comes first, the database can skip for us.
  const first = order[0];
  const isOpenFirst = first?.column === 'hour' && first.isDescending;
  const isSkippedThere = !ask.isPerSeries && (open.length === 0 || isOpenFirst);
  const skip = isSkippedThere ? Math.max(0, ask.skip - open.length) : 0;
  const limit = isSkippedThere ? ask.limit : ask.skip + ask.limit;
  const final = isFinalAsked
    ? await readViewHours(deps.clickhouse, { ...view, order, skip, limit, isPerSeries: ask.isPerSeries })
    : [];
  const count =
    ask.isCounted && border > ask.fromHour ? open.length + (await countViewHours(deps.clickhouse, view)) : open.length;
  const merged = mergeSorted(final.map(toRow), open.sort(comparator(order)), comparator(order));
  const rows = ask.isPerSeries
    ? cutEach(merged, ask.skip, ask.limit)
    : merged.slice(ask.skip - skip, ask.skip - skip + ask.limit);
  return { rows, count: ask.isCounted ? count : null };
}

async function openHours(deps: ApiDeps, ask: FindHours, fromHour: number): Promise<FoundHour[]> {
  const { filter, series, toHour, where } = ask;
  const page = await readBareHourlyPage(deps, {
    filter,
    ...(series === undefined ? {} : { series }),
    fromHour,
    toHour,
    after: null,
    limit: OPEN_HOURS_ROWS_MAX,
  });
  if (page.next !== null) {
    throw new Problem(
      400,
      `More than ${String(OPEN_HOURS_ROWS_MAX)} of these hours are not final yet: ask for fewer sensors, or for hours that end at or before ${hourIso(fromHour)}.`,
    );
  }
  return where === undefined ? page.rows : page.rows.filter((row) => where.matches(row));
}

function equalities(filter: SeriesFilter): Condition[] {
  return Object.entries(filter).flatMap(([column, value]) =>
    value === undefined ? [] : [{ sql: `${column} = {${column}:String}`, params: { [column]: value } }],
  );
}

function known(filter: SeriesFilter): Condition[] {
  const sql = knownSeries(filter);
  return sql === null ? [] : [{ sql, params: {} }];
}

function toRow({ hour, ...row }: ViewHour): FoundHour {
  return { ...row, hour: hourIso(hour), status: 'final' };
}

/** By the columns in turn; text by its UTF-8 bytes, as the database does. Nulls come last. */
function comparator(order: readonly SortKey[]): (a: FoundHour, b: FoundHour) => number {
  return (a, b) => {
    for (const { column, isDescending } of order) {
      const [x, y] = [a[column], b[column]];
      if (x === y) continue;
      if (x === null) return 1;
      if (y === null) return -1;
      const rank = typeof x === 'string' ? compareUtf8(x, String(y)) : x - Number(y);
      if (rank !== 0) return isDescending ? -rank : rank;
    }
    return 0;
  };
}

function mergeSorted<T>(a: readonly T[], b: readonly T[], compare: (x: T, y: T) => number): T[] {
  const merged: T[] = [];
  let at = 0;
  for (const row of b) {
    for (let next = a[at]; next !== undefined && compare(next, row) <= 0; next = a[++at]) merged.push(next);
    merged.push(row);
  }
  return [...merged, ...a.slice(at)];
}

/** Of each series the rows from `skip` to `skip + limit`. */
function cutEach(rows: readonly FoundHour[], skip: number, limit: number): FoundHour[] {
  const seen = new Map<string, number>();
  return rows.filter((row) => {
    const key = seriesName(row);
    const at = seen.get(key) ?? 0;
    seen.set(key, at + 1);
    return at >= skip && at < skip + limit;
  });
}
