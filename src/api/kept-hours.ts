/**
 * Hours of long ranges of rollups, kept by month for as long as the month's rows are the same.
 *
 * Why: a dashboard asks for "the last thirty days" anew each hour, and everybody for other thirty; most of it was read before. The sensors of
 * a district's hour are merged one by one (invariant 5), which takes the database many times as long as the rows' way here.
 * Boundary: the same rows as readRollup, in this process, bounded in number. Where no answer is kept, nothing is kept here.
 * Short ranges are read as they are: a month is more than they need; so are very long ones, whose page ends long before they do. They are
 * kept for moments.
 */
import { LRUCache } from 'lru-cache';
import { hourOf } from '../model/hour.ts';
import { KEPT_HOURS_MAX, KEPT_RANGE_HOURS_MAX, KEPT_RANGE_HOURS_MIN, ROLLUP_TOGETHER_HOURS } from '../model/limits.ts';
import { compareUtf8 } from '../model/series-order.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { keptForMoments } from './kept-for-moments.ts';
import { keptMonthVersions, startOfMonth } from './kept-months.ts';
import type { Placed } from './queries/places.ts';
import { readRollup, type RollupAsk, type RollupFigures } from './queries/rollups.ts';
import { rollupsTogether } from './queries/rollups-together.ts';

/** @param final the first hour that was not final when somebody asked: figures that are read for it have all hours before. */
export type RollupReader = (ask: RollupAsk, final: number) => Promise<(RollupFigures & Placed)[]>;

/** Hours of a UTC month, named by all that they depend on. */
interface MonthKey extends Pick<RollupAsk, 'places' | 'metric' | 'kind'> {
  readonly month: number;
  readonly version: string;
}

/** More than a month of every kind has. */
const ROWS_MAX = 1_000_000;

export function keptHours(
  deps: Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'dataVersion' | 'flushes' | 'tablesAreSettled' | 'figuresGate'>,
): RollupReader {
  const { clickhouse, clock, dataVersion, figuresGate: gate } = deps;
  const readNewest = rollupsTogether(clickhouse, gate);
  const read = (ask: RollupAsk): Promise<(RollupFigures & Placed)[]> =>
    ask.places.length === 1 && ask.from >= hourOf(clock.nowMs()) - ROLLUP_TOGETHER_HOURS
      ? readNewest(ask)
      : gate.pass(() => readRollup(clickhouse, ask));
  if (dataVersion === undefined) return read;
  const kept = new LRUCache<string, (RollupFigures & Placed)[]>({
    maxSize: KEPT_HOURS_MAX,
    sizeCalculation: (hours) => hours.length + 1,
    ignoreFetchAbort: true,
    fetchMethod: (key) => {
      const { month, version: _version, ...of } = JSON.parse(key) as MonthKey;
      const [from, to] = [hourOfMonth(month), hourOfMonth(month + 1)];
      return read({ ...of, from, to, after: null, limit: ROWS_MAX });
    },
  });
  const readNow = keptForMoments(deps, dataVersion, read);
  const versionsOf = keptMonthVersions(deps, dataVersion);
  return async (ask, final) => {
    const { places, metric, kind, from, to } = ask;
    const hours = to - from;
    if (places.length > 1 || hours < KEPT_RANGE_HOURS_MIN || hours > KEPT_RANGE_HOURS_MAX) return readNow(ask, final);
    const months = [...(await versionsOf())]
      .filter(([month]) => hourOfMonth(month) < to && hourOfMonth(month + 1) > from)
      .sort(([a], [b]) => a - b);
    const found: (RollupFigures & Placed)[] = [];
    for (const [month, version] of months)
      found.push(
        ...(await kept.forceFetch(JSON.stringify({ places, metric, kind, month, version } satisfies MonthKey))),
      );
    return pageOf(ask, found);
  };
}

/** @param found by month, and within a month in the order of the key. */
function pageOf({ from, to, after, limit }: RollupAsk, found: (RollupFigures & Placed)[]): (RollupFigures & Placed)[] {
  return found
    .filter(({ period }) => period >= from && period < to)
    .sort((a, b) => compareUtf8(a.kind, b.kind) || a.period - b.period)
    .filter(({ kind, period }) => after === null || (compareUtf8(kind, after[0]) || period - after[1]) > 0)
    .slice(0, limit);
}

function hourOfMonth(month: number): number {
  return startOfMonth(month) / 3_600;
}
