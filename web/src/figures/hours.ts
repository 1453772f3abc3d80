/**
 * Sums of hours: several series of one hour, several hours of one day.
 *
 * Boundary: pure. Counts and sums add, minima and maxima merge, the mean is their quotient; a mean of means is never
 * taken. What contains anything provisional is provisional.
 */
import type { CivilTime } from './civil-time.ts';
import { HOUR_MS } from './civil-time.ts';

export type Status = 'final' | 'provisional';

/** The figures of one hour of a sensor, a district or a city. */
export interface HourFigures {
  /** Beginning of the UTC hour, ms since 1970. */
  readonly hourMs: number;
  readonly count: number;
  /** Null: it overflowed. */
  readonly sum: number | null;
  readonly min: number;
  readonly max: number;
  readonly mean: number | null;
  readonly status: Status;
  /** How often late readings corrected it. */
  readonly revision: number;
  /** Distinct sensors; absent where the figures are one sensor's, null where nobody has counted them yet. */
  readonly sensors?: number | null;
  /**
   * 0 to 1: a sensor's readings of those to be expected, or a district's sensors with readings of those known. Null where nothing
   * is expected yet, absent where it was not asked for.
   */
  readonly coverage?: number | null;
}

/** Adds the figures of one hour up; null for none. */
export function addUp(parts: readonly HourFigures[]): HourFigures | null {
  const [first] = parts;
  if (first === undefined) return null;
  const sum = parts.reduce<number | null>((all, part) => plus(all, part.sum), 0);
  const count = parts.reduce((all, part) => all + part.count, 0);
  return {
    hourMs: first.hourMs,
    count,
    sum,
    min: Math.min(...parts.map(({ min }) => min)),
    max: Math.max(...parts.map(({ max }) => max)),
    mean: sum === null ? null : sum / count,
    status: parts.every(({ status }) => status === 'final') ? 'final' : 'provisional',
    revision: parts.reduce((all, part) => all + part.revision, 0),
    sensors: parts.reduce<number | null>((all, { sensors = 1 }) => plus(all, sensors), 0),
  };
}

/** What is not known makes a sum that is not known. */
function plus(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : a + b;
}

export interface DayFigures extends Omit<HourFigures, 'hourMs' | 'sensors' | 'coverage'> {
  /** `2026-11-24` in the city's time zone. */
  readonly key: string;
  /** Any moment of the day, for its name. */
  readonly atMs: number;
  /** Hours of the day with readings, and hours that the day has (23, 24 or 25) or had so far. */
  readonly hours: number;
  readonly hoursOfDay: number;
}

/**
 * Civil days of hours in order of time. A day is final when it is over and each of its hours with readings is final.
 *
 * @param finalThroughMs hours that end at or before this are final.
 */
export function daysOf(hours: readonly HourFigures[], time: CivilTime, finalThroughMs: number): DayFigures[] {
  const days = new Map<string, HourFigures[]>();
  for (const hour of hours) {
    const key = time.dayKey(hour.hourMs);
    const parts = days.get(key);
    if (parts === undefined) days.set(key, [hour]);
    else parts.push(hour);
  }
  return [...days].map(([key, parts]) => {
    const all = addUp(parts);
    const atMs = parts[0]?.hourMs ?? 0;
    if (all === null) throw new Error('a group has at least one member');
    const [from, to] = boundsOfDay(atMs, key, time);
    const { count, sum, min, max, mean, revision } = all;
    const status = all.status === 'final' && to <= finalThroughMs ? 'final' : 'provisional';
    const hoursOfDay = (to - from) / HOUR_MS;
    return { key, atMs, count, sum, min, max, mean, revision, status, hours: parts.length, hoursOfDay };
  });
}

/** The UTC hours that begin in a civil day: where a zone is off by half an hour, the day's first hour begins at 00:30. */
function boundsOfDay(atMs: number, key: string, time: CivilTime): [from: number, to: number] {
  let from = atMs;
  while (time.dayKey(from - HOUR_MS) === key) from -= HOUR_MS;
  let to = atMs + HOUR_MS;
  while (time.dayKey(to) === key) to += HOUR_MS;
  return [from, to];
}
