/**
 * Hours of one series and the week before them, in one question: a dashboard asks for a sensor's month more than for anything else.
 *
 * Boundary: the table only, as hourly-facts.ts. The rows of blocks come as they are stored, in the order of the key, and are
 * added up here: aggregation, FINAL and a second question for the cadence took the database five times as long.
 * Invariants: 4 (a block that is there twice is counted once), 8 (rows that the workers' answer holds are left out).
 */
import type { SeriesKey } from '../../model/cluster.ts';
import { CADENCE_HOURS } from '../../model/limits.ts';
import type { BlockReader, BlockRow } from './block-reader.ts';
import type { HiddenBlocks, HourFacts, SeriesFilter } from './hourly-facts.ts';

/** Readings of one hour, from every block that the table holds. */
export interface HourReadings {
  readonly hour: number;
  readonly count: number;
}

export interface SeriesHours {
  readonly facts: HourFacts[];
  /** The hours of `facts` and the week before the first of them, in order; also what the workers' answer holds. */
  readonly readings: readonly HourReadings[];
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
  const facts: HourFacts[] = [];
  const readings: HourReadings[] = [];
  const rowsMax = CADENCE_HOURS + ask.limit + 1;
  const { toHour } = ask;
  const firstHour = Math.max(0, ask.fromHour - CADENCE_HOURS);
  const isWhole = toHour - firstHour < rowsMax;
  // A row an hour is the rule; where hours have several, the next rows are read from the last hour on, which may be cut.
  for (let fromHour = firstHour, limit = rowsMax; ;) {
    const rows = await readBlocks({ series, fromHour, toHour, ...(isWhole ? {} : { limit }) });
    const cut = isWhole || rows.length < limit ? null : (rows.at(-1)?.[0] ?? null);
    for (const [hour, blocks] of byHour(rows)) {
      if (hour === cut) break;
      readings.push({ hour, count: blocks.reduce((sum, block) => sum + block[5], 0) });
      const visible = hour < ask.fromHour ? [] : blocks.filter((block) => !isHidden(block));
      if (visible.length > 0) facts.push(factsOf(series, hour, visible));
    }
    if (cut === null || facts.length >= ask.limit) return { facts, readings };
    // An hour of more rows than were asked for.
    limit = cut === fromHour ? limit * 2 : rowsMax;
    fromHour = cut;
  }
}

/** Hours and their blocks, each block once. @param rows in the order of the key. */
function byHour(rows: readonly BlockRow[]): [hour: number, blocks: BlockRow[]][] {
  const hours: [number, BlockRow[]][] = [];
  for (const row of rows) {
    const last = hours.at(-1);
    if (last?.[0] !== row[0]) hours.push([row[0], [row]]);
    else if (!isSameBlock(last[1].at(-1), row)) last[1].push(row);
  }
  return hours;
}

function isSameBlock(a: BlockRow | undefined, b: BlockRow): boolean {
  return a?.[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}

function factsOf(series: SeriesKey, hour: number, blocks: readonly BlockRow[]): HourFacts {
  let [count, min, max, revisions] = [0, Infinity, -Infinity, 0];
  const parts: HourFacts['parts'] = [];
  // In the order of incarnation, partition and block, as the view adds them up.
  const ordered = blocks.length === 1 ? blocks : blocks.toSorted((a, b) => a[3] - b[3]);
  for (const block of ordered) {
    count += block[5];
    parts.push([block[6], block[7]]);
    min = Math.min(min, block[8]);
    max = Math.max(max, block[9]);
    revisions += block[4];
  }
  const { city, district, kind, metric, sensor } = series;
  // Written out: an object that begins with another one's properties takes fifty times as long to make.
  return { city, district, kind, metric, sensor, hour, count, parts, min, max, revisions };
}

function hiddenBy(hidden: HiddenBlocks | null): (row: BlockRow) => boolean {
  if (hidden === null) return () => false;
  const edges = new Map(hidden.edges.map((edge) => [edge.partition, edge]));
  return ([hour, partition, block, incarnation]) => {
    const edge = edges.get(partition);
    if (edge === undefined || hour < hidden.fromHour || incarnation !== hidden.incarnation) return false;
    return block >= edge.nextBlock || edge.unconfirmed.includes(block);
  };
}
