/**
 * Days and months of long ranges, kept by month for as long as the month's rows are the same.
 *
 * Why: a year of a city by day takes the database seconds, since the sensors of its hours are merged one by one (invariant 5), and all
 * but the newest of it never changes again, until somebody corrects it. Then only the month of the correction is read anew.
 * Boundary: the same rows as readCivil, in this process, bounded in number. Where no answer is kept, nothing is kept here.
 * Why it holds: every insert, also one of the same rows, and every mutation gives the table's parts of that month a number that was not
 * there before, and the numbers are read before the rows are. So figures are named by the numbers of the months that their hours
 * lie in, and by the hour that is open where it is among them.
 */
import { LRUCache } from 'lru-cache';
import { KEPT_MONTHS_MAX, KEPT_PERIODS_MAX, ROLLUP_SLICE_HOURS } from '../model/limits.ts';
import { compareUtf8 } from '../model/series-order.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { keptForMoments } from './kept-for-moments.ts';
import { keptMonthVersions, startOfMonth } from './kept-months.ts';
import {
  type BegunPeriod,
  type CivilAsk,
  type CivilFigures,
  readBegunPeriods,
  readCivil,
  secondsOf,
} from './queries/civil.ts';
import type { Placed } from './queries/places.ts';

/** @param final as for a RollupReader (kept-hours.ts). */
export type CivilReader = (ask: CivilAsk, final: number) => Promise<(CivilFigures & Placed)[]>;

/** Periods that begin in a UTC month, named by all that they depend on. */
interface MonthKey extends Pick<CivilAsk, 'step' | 'zone' | 'places' | 'metric' | 'kind' | 'openHour'> {
  /** In months since the year 0. */
  readonly month: number;
  readonly versions: readonly (string | null)[];
}

/** More periods than a page of a month can have: days of every kind. */
const ROWS_MAX = 1_000_000;

export function civilByMonth(
  deps: Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'dataVersion' | 'flushes' | 'tablesAreSettled' | 'figuresGate'>,
): CivilReader {
  const { clickhouse, dataVersion, figuresGate: gate } = deps;
  const read = (ask: CivilAsk): Promise<(CivilFigures & Placed)[]> => gate.pass(() => readCivil(clickhouse, ask));
  if (dataVersion === undefined) return read;
  const kept = new LRUCache<string, BegunPeriod[]>({
    maxSize: KEPT_PERIODS_MAX,
    sizeCalculation: (periods) => periods.length + 1,
    ignoreFetchAbort: true,
    fetchMethod: (key) => {
      const { month, versions: _versions, ...of } = JSON.parse(key) as MonthKey;
      const ask = { ...of, fromS: startOfMonth(month), toS: startOfMonth(month + 1), after: null, limit: ROWS_MAX };
      return gate.pass(() => readBegunPeriods(clickhouse, ask));
    },
  });
  const versionsOf = keptMonthVersions(deps, dataVersion, ['district_facts']);
  const readNow = keptForMoments(deps, dataVersion, read);
  return async (ask, final) => {
    if (ask.places.length > 1 || ask.toS - ask.fromS <= ROLLUP_SLICE_HOURS * 3_600) return readNow(ask, final);
    const versions = await versionsOf();
    const months = monthsOf(ask, [...versions.keys()]);
    if (months.length > KEPT_MONTHS_MAX) return read(ask);
    const { step, zone, places, metric, kind } = ask;
    const found: BegunPeriod[] = [];
    for (const month of months) {
      const endS = startOfMonth(month + 1) + secondsOf(step);
      const key: MonthKey = {
        step,
        zone,
        places,
        metric,
        kind,
        month,
        openHour: Math.min(Math.max(0, ask.openHour), Math.ceil(endS / 3_600)),
        versions: [versions.get(month) ?? null, versions.get(month + 1) ?? null],
      };
      found.push(...(await kept.forceFetch(JSON.stringify(key))));
    }
    return pageOf(ask, found);
  };
}

/** Months in which a period with readings can begin: those of the readings, and, in zones, the ones before. */
function monthsOf({ fromS, toS }: CivilAsk, withReadings: readonly number[]): number[] {
  return [...new Set(withReadings.flatMap((month) => [month - 1, month]))]
    .filter((month) => startOfMonth(month) < toS && startOfMonth(month + 1) > fromS)
    .sort((a, b) => a - b);
}

function pageOf({ fromS, toS, after, limit }: CivilAsk, found: readonly BegunPeriod[]): (CivilFigures & Placed)[] {
  return found
    .filter(({ begins }) => begins >= fromS && begins < toS)
    .map(({ figures }) => figures)
    .sort((a, b) => compareUtf8(a.kind, b.kind) || a.day - b.day)
    .filter(({ kind, day }) => after === null || (compareUtf8(kind, after[0]) || day - after[1]) > 0)
    .slice(0, limit);
}
