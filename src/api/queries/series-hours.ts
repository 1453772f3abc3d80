/**
 * Hours of one series and the week before them, in one question: a dashboard asks for a sensor's month more than for anything else.
 *
 * Boundary: the table only, as hourly-facts.ts. The rows of blocks come as they are stored, in the order of the key, and are
 * added up here: aggregation, FINAL and a second question for the cadence took the database five times as long.
 * Invariants: 4 (a block that is there twice is counted once), 8 (rows that the workers' answer holds are left out).
 */
import type { SeriesKey } from '../../model/cluster.ts';
import { addPairTo } from '../../model/double-double.ts';
import { CADENCE_HOURS } from '../../model/limits.ts';
import type { BlockColumns, BlockReader, BlockRows } from './block-reader.ts';
import type { HiddenBlocks, HourSum, SeriesFilter } from './hourly-facts.ts';

/** Readings by hour, from every block that the table holds: hours in order, and beside each its count. */
export interface HourReadings {
  readonly hours: readonly number[];
  readonly counts: readonly number[];
}

export interface SeriesHours {
  readonly facts: HourSum[];
  /** The hours of `facts` and the week before the first of them; also what the workers' answer holds. */
  readonly readings: HourReadings;
}

/** The one series that a filter lets through; null: there may be several. */
export function seriesOf({ city, district, kind, metric, sensor }: SeriesFilter): SeriesKey | null {
  if (city === undefined || district === undefined || kind === undefined) return null;
  return metric === undefined || sensor === undefined ? null : { city, district, kind, metric, sensor };
}

/** Hours in `[fromHour, toHour)`: `limit` or more of them, where there are so many. */
export async function readSeriesHours(
  readBlocks: BlockReader,
  series: SeriesKey,
  ask: { fromHour: number; toHour: number; limit: number; hidden: HiddenBlocks | null },
): Promise<SeriesHours> {
  const isHidden = hiddenBy(ask.hidden);
  const facts: HourSum[] = [];
  const readings = { hours: [] as number[], counts: [] as number[] };
  const rowsMax = CADENCE_HOURS + ask.limit + 1;
  const { toHour } = ask;
  const firstHour = weekBefore(ask.fromHour);
  const isWhole = toHour - firstHour < rowsMax;
  // A row an hour is the rule; where hours have several, the next rows are read from the last hour on, which may be cut.
  for (let fromHour = firstHour, limit = rowsMax; ;) {
    const found = await readBlocks({ series, fromHour, toHour, ...(isWhole ? {} : { limit }) });
    const { columns, rows } = found;
    const { hours, counts, starts } = hoursIn(found);
    const cut = isWhole || rows.length < limit ? null : (hours.at(-1) ?? 0);
    for (const [at, hour] of hours.entries()) {
      if (hour === cut) break;
      readings.hours.push(hour);
      readings.counts.push(counts[at] ?? 0);
      if (hour < ask.fromHour) continue;
      const blocks = withoutDoubles(columns, rows.slice(starts[at], starts[at + 1]));
      const visible = isHidden === null ? blocks : blocks.filter((row) => !isHidden(columns, row));
      if (visible.length > 0) facts.push(sumOf(series, columns, visible));
    }
    if (cut === null || facts.length >= ask.limit) return { facts, readings };
    // An hour of more rows than were asked for.
    limit = cut === fromHour ? limit * 2 : rowsMax;
    fromHour = cut;
  }
}

/** The first hour whose readings say what is usual in `hour`. */
export function weekBefore(hour: number): number {
  return Math.max(0, hour - CADENCE_HOURS);
}

/** @returns also where in `rows` those of each hour begin, and where the last one's end. */
export function hoursIn({ columns, rows }: BlockRows): HourReadings & { readonly starts: readonly number[] } {
  const [hours, counts, starts]: [number[], number[], number[]] = [[], [], []];
  for (let at = 0; at < rows.length; at++) {
    const row = rows[at] ?? -1;
    const hour = hourAt(columns, row);
    const readings = columns.count[row] ?? 0;
    const last = hours.length - 1;
    if (hour !== hours[last]) {
      hours.push(hour);
      counts.push(readings);
      starts.push(at);
    } else if (!isSameBlock(columns, rows[at - 1] ?? -1, row)) counts[last] = (counts[last] ?? 0) + readings;
  }
  starts.push(rows.length);
  return { hours, counts, starts };
}

function hourAt({ hour_index }: BlockColumns, row: number | undefined): number {
  return hour_index[row ?? -1] ?? 0;
}

/** Each block once. @param rows of an hour, in order. */
export function withoutDoubles(columns: BlockColumns, rows: readonly number[]): readonly number[] {
  return rows.length === 1
    ? rows
    : rows.filter((row, at) => at === 0 || !isSameBlock(columns, rows[at - 1] ?? -1, row));
}

function isSameBlock({ partition, block, incarnation }: BlockColumns, a: number, b: number): boolean {
  return partition[a] === partition[b] && block[a] === block[b] && incarnation[a] === incarnation[b];
}

/** @param rows of an hour, each block once. */
export function sumOf(series: SeriesKey, columns: BlockColumns, rows: readonly number[]): HourSum {
  let [count, min, max, revisions] = [0, Infinity, -Infinity, 0];
  const total = { hi: 0, lo: 0 };
  const { incarnation } = columns;
  // In the order of incarnation, partition and block, as the view adds them up.
  const ordered = rows.length === 1 ? rows : rows.toSorted((a, b) => (incarnation[a] ?? 0) - (incarnation[b] ?? 0));
  for (const row of ordered) {
    count += columns.count[row] ?? 0;
    addPairTo(total, columns.sum[row] ?? NaN, columns.sum_lo[row] ?? NaN);
    min = Math.min(min, columns.min[row] ?? NaN);
    max = Math.max(max, columns.max[row] ?? NaN);
    revisions += columns.revised[row] ?? 0;
  }
  const { city, district, kind, metric, sensor } = series;
  // Written out: an object that begins with another one's properties takes fifty times as long to make.
  return { city, district, kind, metric, sensor, hour: hourAt(columns, rows[0]), count, total, min, max, revisions };
}

/** @returns null: none is. */
function hiddenBy(hidden: HiddenBlocks | null): ((columns: BlockColumns, row: number) => boolean) | null {
  if (hidden === null) return null;
  const edges = new Map(hidden.edges.map((edge) => [edge.partition, edge]));
  return (columns, row) => {
    const edge = edges.get(columns.partition[row] ?? -1);
    if (edge === undefined || hourAt(columns, row) < hidden.fromHour) return false;
    if (columns.incarnation[row] !== hidden.incarnation) return false;
    const block = columns.block[row] ?? 0;
    return block >= edge.nextBlock || edge.unconfirmed.includes(block);
  };
}
