/**
 * Rollups whose days were compacted are read as they lie there; the others, and what is newer, from the rows of blocks.
 *
 * Why: the sensors of a district's hour are merged one by one (invariant 5), which takes the database many times as long as to read a
 * figure; and nothing of it changes any more when a day is over, until somebody corrects it.
 * Boundary: a question is cut at days and its answers are joined; kept in this process for as long as the tables' rows of its months
 * are the same, bounded in number: hours of some weeks and days of some years by month, since everybody asks for other ones, and a day
 * more touches one month; all else as it was asked for.
 * Invariant 16: a row counts where its day has exactly the blocks that the row was read from. Where days are exchanged
 * between the look for them and their reading, the question is asked of the rows of blocks.
 */
import { LRUCache } from 'lru-cache';
import { DAY_HOURS } from '../model/hour.ts';
import {
  COMPACTED_GAPS_MAX,
  KEPT_COMPACTED_MAX,
  KEPT_RANGE_DAYS_MAX,
  KEPT_RANGE_HOURS_MAX,
  KEPT_RANGE_HOURS_MIN,
} from '../model/limits.ts';
import { compareUtf8 } from '../model/series-order.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { compactedAhead } from './compacted-ahead.ts';
import type { CompactedDays } from './compacted-days.ts';
import { hourOfMonth, monthOfDay } from './kept-months.ts';
import { PackedFigures } from './packed-figures.ts';
import {
  type CompactedAsk,
  type CompactedDay,
  type CompactedFigures,
  dayOf,
  readCompacted,
  type Span,
} from './queries/compacted.ts';
import type { Place, Placed } from './queries/places.ts';

export type CompactedDeps = Pick<
  AnsweredDeps,
  'clickhouse' | 'clock' | 'compactedDays' | 'compactedGate' | 'backgroundGate'
>;

/** What a question is about, whatever its periods are called. */
type CutAsk = Omit<CompactedAsk, 'step' | 'without'>;

interface Cut<Row> {
  readonly compacted: readonly CompactedFigures[];
  readonly others: readonly Row[];
}

/**
 * @param step of the periods; a day is asked for by the hour with which it begins.
 * @param readOthers the periods that begin in a span, from the rows of blocks.
 * @returns a reader; null: nothing is compacted, or it is too scattered, and the question is better asked as it is.
 * `final`: the first hour that is not final; from its day on nothing can be.
 */
export function compactedRollups(
  deps: CompactedDeps,
  step: CompactedAsk['step'],
): <Row>(ask: CutAsk, final: number, readOthers: (span: Span) => Promise<Row[]>) => Promise<Cut<Row> | null> {
  const { clickhouse, compactedDays, compactedGate } = deps;
  const kept = new LRUCache<string, PackedFigures>({
    maxSize: KEPT_COMPACTED_MAX,
    sizeCalculation: ({ size }) => size + 1,
  });
  const reading = new Map<string, Promise<PackedFigures>>();
  const readAhead = compactedAhead(deps, step, (month, { metric, ...place }, known, figures) => {
    kept.set(keyOf(known, month, ofMonths(step, [placeOf(place)], metric)), figures);
  });
  const { hoursMin, hoursMax } = BY_MONTH[step];
  /** What is kept, or under way already, or read now: all that is neither in one question. */
  const readPieces = async (pieces: readonly Piece[], ask: CompactedAsk): Promise<PackedFigures[]> => {
    const missing = pieces.filter(({ key }) => !kept.has(key) && !reading.has(key));
    const [first, last] = [missing[0], missing.at(-1)];
    if (first !== undefined && last !== undefined) {
      const all = compactedGate.pass(() => readCompacted(clickhouse, { ...ask, from: first.from, to: last.to }));
      for (const { key, from, to } of missing) {
        const piece = all.then((columns) => new PackedFigures(columns, { from, to }));
        reading.set(key, piece);
        // Whoever waits for the rows hears of an error.
        piece
          .then((rows) => kept.set(key, rows))
          .catch(() => undefined)
          .finally(() => reading.delete(key));
      }
    }
    // Looked up before anything is waited for: what is kept may be pushed out meanwhile.
    return Promise.all(
      pieces.map(async ({ key }) => {
        const piece = reading.get(key) ?? kept.get(key);
        if (piece === undefined) throw new Error(`compacted figures are neither kept nor read: ${key}`);
        return piece;
      }),
    );
  };
  return async (ask, final, readOthers) => {
    const { places, metric, kind, after, limit } = ask;
    if (compactedDays === null || dayOf(ask.from) >= dayOf(final)) return null;
    const known = await compactedDays();
    const within = known.days.filter(({ day }) => (day + 1) * DAY_HOURS > ask.from && day * DAY_HOURS < ask.to);
    const first = within.find(isCompacted);
    const last = within.findLast(isCompacted);
    if (first === undefined || last === undefined) return null;
    const hull = {
      from: Math.max(ask.from, first.day * DAY_HOURS),
      to: Math.min(ask.to, (last.day + 1) * DAY_HOURS),
    };
    const gaps = gapsOf(ask, within, hull);
    if (gaps.length > COMPACTED_GAPS_MAX) return null;
    const hours = hull.to - hull.from;
    const isByMonth = places.length === 1 && hours >= hoursMin && hours <= hoursMax;
    if (isByMonth) readAhead(known);
    const question = isByMonth
      ? ofMonths(step, places, metric, kind)
      : {
          step,
          places,
          metric,
          kind,
          without: gaps.filter(({ from }) => from >= hull.from && from < hull.to),
          after,
          limit,
        };
    const pieces = (isByMonth ? monthsOf(hull) : [hull]).map((span) => ({
      ...span,
      key: keyOf(known, span, question),
    }));
    const [found, ...others] = await Promise.all([
      readPieces(pieces, { ...question, ...hull }),
      ...gaps.map((gap) => readOthers(gap)),
    ]);
    // A month has rows before and after, and of days that were corrected.
    const compacted = found.flatMap((rows) => rows.rowsIn(hull, gaps));
    const blocksOf = new Map(within.map(({ day, blocks }) => [day, blocks]));
    if (compacted.some(({ begins, blocks }) => blocksOf.get(dayOf(begins)) !== blocks)) {
      for (const { key } of pieces) kept.delete(key);
      return null;
    }
    const following =
      after === null
        ? compacted
        : compacted.filter((row) => (compareUtf8(row.kind, after[0]) || row.begins - after[1]) > 0);
    return { compacted: following, others: others.flat() };
  };
}

/** What is kept as one. */
interface Piece extends Span {
  readonly key: string;
}

/** Ranges that are put together of whole months. */
const BY_MONTH = {
  hour: { hoursMin: KEPT_RANGE_HOURS_MIN, hoursMax: KEPT_RANGE_HOURS_MAX },
  day: { hoursMin: 0, hoursMax: KEPT_RANGE_DAYS_MAX * DAY_HOURS },
} as const;

/** All hours or days of a place. */
function ofMonths(
  step: CompactedAsk['step'],
  places: readonly Place[],
  metric: string,
  kind?: string,
): Omit<CompactedAsk, keyof Span> {
  return { step, places, metric, kind, without: [], after: null, limit: Infinity };
}

function placeOf({ city, district }: Placed): Place {
  return district === null ? { city } : { city, district };
}

function keyOf(known: CompactedDays, { from, to }: Span, question: Omit<CompactedAsk, keyof Span>): string {
  const { step, places, metric, kind, without, after, limit } = question;
  const of = places.map(({ city, district }) => [city, district]);
  return `${known.nameOf(dayOf(from), dayOf(to - 1))} ${JSON.stringify([from, to, step, of, metric, kind, without, after, limit])}`;
}

/** The UTC months that a span touches, whole. */
function monthsOf({ from, to }: Span): Span[] {
  const months: Span[] = [];
  for (let month = monthOfDay(dayOf(from)); hourOfMonth(month) < to; month++)
    months.push({ from: hourOfMonth(month), to: hourOfMonth(month + 1) });
  return months;
}

function isCompacted({ blocks }: CompactedDay): boolean {
  return blocks !== null;
}

/** What is not compacted: before and after the hull, and runs of days within it that have rows of blocks. */
function gapsOf(ask: Span, within: readonly CompactedDay[], hull: Span): Span[] {
  const gaps: { from: number; to: number }[] = [];
  for (const { day } of within.filter((one) => !isCompacted(one))) {
    const [from, to] = [Math.max(ask.from, day * DAY_HOURS), Math.min(ask.to, (day + 1) * DAY_HOURS)];
    if (from >= hull.to) break;
    const gap = gaps.at(-1);
    if (gap?.to === from) gap.to = to;
    else gaps.push({ from, to });
  }
  // Rows that have just come may not be on the list of days: those of the newest hours.
  if (hull.to < ask.to) gaps.push({ from: hull.to, to: ask.to });
  return gaps;
}

/** Rows place after place, each in the order of kind and period; of each place the first ones. */
export function inOrder<Row extends Placed & { readonly kind: string }>(
  rows: Row[],
  periodOf: (row: Row) => number,
  limit: number,
): Row[] {
  rows.sort(
    (a, b) => comparePlaces(a, b) || (a.kind === b.kind ? 0 : compareUtf8(a.kind, b.kind)) || periodOf(a) - periodOf(b),
  );
  let [start, of] = [0, rows[0]];
  return rows.filter((row, at) => {
    if (of === undefined || comparePlaces(of, row) !== 0) [start, of] = [at, row];
    return at - start < limit;
  });
}

function comparePlaces(a: Placed, b: Placed): number {
  if (a.city === b.city && a.district === b.district) return 0;
  return compareUtf8(a.city, b.city) || compareUtf8(a.district ?? '', b.district ?? '');
}
