/**
 * Days and months of districts and cities: UTC days that were compacted as they lie there, all else by month or as it is asked.
 *
 * Boundary: the same rows as readCivil. Where no answer is kept, they are readCivil's, and nothing is kept here.
 */
import { DAY_HOURS, HOUR_MS } from '../model/hour.ts';
import { UTC } from '../model/time-zone.ts';
import { civilByMonth, type CivilReader } from './civil-by-month.ts';
import { type CompactedDeps, compactedRollups, inOrder } from './compacted-rollups.ts';
import type { CivilFigures } from './queries/civil.ts';
import { type CompactedFigures, dayOf } from './queries/compacted.ts';
import type { Placed } from './queries/places.ts';

const HOUR_S = HOUR_MS / 1_000;

export function keptCivil(deps: Parameters<typeof civilByMonth>[0] & CompactedDeps): CivilReader {
  const readMonths = civilByMonth(deps);
  const readCut = compactedRollups(deps, 'day');
  return async (ask, final) => {
    if (ask.step !== 'day' || ask.zone !== UTC) return readMonths(ask, final);
    const { places, metric, kind, fromS, toS, limit } = ask;
    const [from, to] = [hourOfNextDay(fromS), hourOfNextDay(toS)];
    const after = ask.after === null ? null : ([ask.after[0], ask.after[1] * DAY_HOURS] as const);
    const cut = await readCut({ places, metric, kind, from, to, after, limit }, final, (span) =>
      readMonths({ ...ask, fromS: span.from * HOUR_S, toS: span.to * HOUR_S }, final),
    );
    if (cut === null) return readMonths(ask, final);
    return inOrder([...cut.compacted.map(figuresOf), ...cut.others], ({ day }) => day, limit);
  };
}

/** The hour with which the first UTC day begins that begins at this second or later. */
function hourOfNextDay(second: number): number {
  return Math.ceil(second / (DAY_HOURS * HOUR_S)) * DAY_HOURS;
}

function figuresOf(row: CompactedFigures): CivilFigures & Placed {
  const { city, district, kind, begins: fromHour, count, sum, min, max, sensors, revision, sensorHours } = row;
  const mean = sum === null ? null : sum / count;
  const [day, toHour] = [dayOf(fromHour), fromHour + DAY_HOURS];
  return { city, district, kind, day, fromHour, toHour, count, sum, min, max, mean, sensors, revision, sensorHours };
}
