/**
 * Pages of `/v1/hourly`: final hours from the table, open hours from the table and the workers' memory added up.
 *
 * Boundary: two ports (workers, database) in, rows out.
 * Invariant 8: `finalThroughMs` is read first, then the workers are asked, then the table is read without what their
 * answer holds; so no reading is missed, and none is counted twice. Without an answer there is no page.
 */
import type { OpenRow, PartitionEdge } from '../model/cluster.ts';
import { addPairTo } from '../model/double-double.ts';
import { WorkersUnavailable } from '../model/errors.ts';
import { hourIso } from '../model/hour.ts';
import { compareRows } from '../model/series-order.ts';
import { readFinalSeries } from './final-series.ts';
import { finalHour, hourHeadersOf } from './hours.ts';
import { coverageIn, type CoverageDeps, readCoverage } from './hourly-coverage.ts';
import { type BareHourlyRow, type HourlyRow, toRow } from './hourly-row.ts';
import type { OpenFactsReader } from './open-rows.ts';
import type { Page } from './page.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';
import { type BlockReader, blockReader } from './queries/block-reader.ts';
import { type FactsAsk, readHourFacts, type HourKey, type HourSum } from './queries/hourly-facts.ts';
import { type HourReadings, readSeriesHours, seriesOf } from './queries/series-hours.ts';

interface HourlyDeps extends Pick<ApiDeps, 'cluster' | 'workers'>, CoverageDeps {
  /** Absent or null: the table is asked. */
  readonly readOpenFacts?: OpenFactsReader | null;
  /** Absent: questions are not asked together. */
  readonly readBlocks?: BlockReader;
}

type Ask = Omit<FactsAsk, 'hidden'>;

/** @throws {Problem} 503 where the range reaches into open hours and a partition does not answer. */
export async function readHourlyPage(deps: HourlyDeps, ask: Ask): Promise<Page<HourlyRow>> {
  const headers = hourHeadersOf(deps.cluster);
  const watermarkMs = deps.cluster.watermarkMs();
  const series = ask.series === undefined ? seriesOf(ask.filter) : null;
  const { readBlocks = blockReader(deps.clickhouse) } = deps;
  const { toHour } = ask;
  const fromHour = firstHourOf(ask);
  if (series !== null && toHour <= finalHour(deps.cluster) && toHour - fromHour <= ask.limit) {
    const rows = await readFinalSeries(readBlocks, series, { fromHour, toHour, watermarkMs });
    return { rows, next: null, headers, isFinal: true, isOfTables: true };
  }
  let readings: HourReadings = { hours: [], counts: [] };
  const { rows, next, firstOpen, isFinal } = await readHours(deps, ask, async (of) => {
    if (series === null) return readTableFacts(deps, of);
    const found = await readSeriesHours(readBlocks, series, { ...of, fromHour });
    readings = found.readings;
    return found.facts;
  });
  const coverage =
    series === null
      ? await readCoverage(deps, ask.filter, rows, {
          watermarkMs,
          openHour: firstOpen,
          isWhole: ask.after === null && next === null,
        })
      : coverageIn(readings, rows, watermarkMs);
  const covered = rows.map((row, at): HourlyRow => {
    const { city, district, kind, sensor, metric, hour, count, sum, min, max, mean, status, revision } = toRow(
      row,
      firstOpen,
    );
    // Written out: an object that another one's properties are added to takes many times as long to make, and to write.
    return {
      city,
      district,
      kind,
      sensor,
      metric,
      hour,
      count,
      sum,
      min,
      max,
      mean,
      status,
      revision,
      coverage: coverage(row, at),
    };
  });
  return { rows: covered, next, headers, isFinal, isOfTables: isFinal };
}

/** @throws as {@link readHourlyPage}. */
export async function readBareHourlyPage(deps: HourlyDeps, ask: Ask): Promise<Page<BareHourlyRow>> {
  const { rows, next, firstOpen, isFinal } = await readHours(deps, ask);
  return { rows: rows.map((row) => toRow(row, firstOpen)), next, isFinal };
}

interface HoursPage {
  rows: HourSum[];
  next: HourKey | null;
  /** Hours from this one on are provisional. */
  firstOpen: number;
  /** Every hour that was asked for is final. */
  isFinal: boolean;
}

/** Of one series: a page goes on with the hour after its key, or after the last hour where the key is another series'. */
function firstHourOf({ after, fromHour, toHour, filter }: Ask): number {
  if (after === null) return fromHour;
  const [city, district, kind, metric, sensor, hour] = after;
  const { city: c = '', district: d = '', kind: k = '', metric: m = '', sensor: s = '' } = filter;
  const order = compareRows(
    { city: c, district: d, kind: k, metric: m, sensor: s, hour: 0 },
    { city, district, kind, metric, sensor, hour: 0 },
  );
  if (order > 0) return fromHour;
  return order < 0 ? toHour : Math.max(fromHour, hour + 1);
}

/**
 * Hours as sums that can still be added to.
 *
 * @param readFacts what the table has of them: `limit` hours, or more, where there are so many.
 * @throws as {@link readHourlyPage}.
 */
export async function readHours(
  deps: HourlyDeps,
  ask: Ask,
  readFacts = (of: FactsAsk) => readTableFacts(deps, of),
): Promise<HoursPage> {
  const { cluster } = deps;
  const final = finalHour(cluster);
  const firstOpen = Math.max(ask.fromHour, final);
  const open = ask.toHour > firstOpen ? await askWorkers(deps, ask, firstOpen, final) : null;
  const hidden = open === null ? null : { fromHour: firstOpen, incarnation: cluster.incarnation, edges: open.edges };
  const facts = await readFacts({ ...ask, limit: ask.limit + 1, hidden });
  // Where the table gave all it was asked for, hours after its last are not known; likewise the workers' memory.
  const end = facts.length > ask.limit ? facts.at(-1) : undefined;
  const known = addUp(facts, open?.rows ?? []).filter(
    (row) => (end === undefined || compareRows(row, end) <= 0) && (open?.end == null || compareRows(row, open.end) < 0),
  );
  const page = known.slice(0, ask.limit);
  const last = page.at(-1);
  const isMore = known.length > ask.limit || end !== undefined || open?.end != null;
  if (isMore && last === undefined) throw new Error('a page of open hours made no progress');
  return {
    rows: page,
    next: isMore && last !== undefined ? keyOf(last) : null,
    firstOpen,
    isFinal: open === null,
  };
}

/** What the table has; of hours that are all open, a look of somebody else's will do. */
function readTableFacts({ clickhouse, readOpenFacts }: HourlyDeps, ask: FactsAsk): Promise<HourSum[]> {
  const { hidden, fromHour } = ask;
  if (hidden === null || fromHour < hidden.fromHour || readOpenFacts == null) return readHourFacts(clickhouse, ask);
  return readOpenFacts({ ...ask, hidden });
}

interface OpenAnswer {
  rows: OpenRow[];
  edges: PartitionEdge[];
  /** Rows from this key on may be incomplete; null: the answer is whole. */
  end: OpenRow | null;
}

async function askWorkers(deps: HourlyDeps, ask: Ask, fromHour: number, final: number): Promise<OpenAnswer> {
  const { partitions } = deps.cluster;
  // An hour of a series may be one row a partition: with that many more, at least one hour is complete.
  const limit = ask.limit + 1 + partitions;
  const filter = Object.fromEntries(Object.entries(ask.filter).filter(([, value]) => value !== undefined));
  try {
    const { rows, edges } = await deps.workers.openHours({
      ...filter,
      ...(ask.series === undefined ? {} : { series: ask.series }),
      ...(ask.after === null ? {} : { after: afterOf(ask.after) }),
      fromHour,
      toHour: ask.toHour,
      limit,
    });
    assertOneAnswerEach(edges, partitions);
    const end = rows.length < limit ? null : (rows.sort(compareRows)[limit - 1] ?? null);
    return { rows, edges, end };
  } catch (error) {
    if (!(error instanceof WorkersUnavailable)) throw error;
    const readable = hourIso(final);
    throw new Problem(
      503,
      `${error.message}. Hours from ${readable} on are still in the workers' memory; ranges with \`to\` at or before ${readable} can be read meanwhile.`,
      { cause: error },
    );
  }
}

/** A partition that changes hands may answer twice for a moment: its readings would count twice. */
function assertOneAnswerEach(edges: readonly PartitionEdge[], partitions: number): void {
  const answers = Array.from({ length: partitions }, () => 0);
  for (const { partition } of edges) answers[partition] = (answers[partition] ?? 0) + 1;
  const wrong = answers.flatMap((count, partition) => (count === 1 ? [] : [partition]));
  if (wrong.length > 0) throw new WorkersUnavailable(wrong);
}

/** One row a series' hour, in order: what the table's blocks and the workers' memory know of it, added up. */
function addUp(found: HourSum[], open: readonly OpenRow[]): HourSum[] {
  // What the table gives is in order and one row an hour.
  if (open.length === 0) return found;
  const rows = [...found];
  for (const { city, district, kind, metric, sensor, hour, count, sumHi, sumLo, min, max, revisions } of open) {
    const total = { hi: sumHi, lo: sumLo };
    rows.push({ city, district, kind, metric, sensor, hour, count, min, max, revisions, total });
  }
  const sums: HourSum[] = [];
  for (const row of rows.sort(compareRows)) {
    const sum = sums.at(-1);
    if (sum === undefined || compareRows(sum, row) !== 0) {
      sums.push(row);
      continue;
    }
    sum.count += row.count;
    sum.min = Math.min(sum.min, row.min);
    sum.max = Math.max(sum.max, row.max);
    sum.revisions += row.revisions;
    addPairTo(sum.total, row.total.hi, row.total.lo);
  }
  return sums;
}

function keyOf(row: HourSum): HourKey {
  return [row.city, row.district, row.kind, row.metric, row.sensor, row.hour];
}

function afterOf([city, district, kind, metric, sensor, hour]: HourKey): {
  city: string;
  district: string;
  kind: string;
  metric: string;
  sensor: string;
  hour: number;
} {
  return { city, district, kind, metric, sensor, hour };
}
