/**
 * UTC hours. An hour is counted in whole hours since 1970-01-01T00:00Z ("hour index", an integer).
 *
 * Boundary: arithmetic only. Invariant: hours are `[hh:00, hh+1:00)` of the reading's own time.
 */

export const HOUR_MS = 3_600_000;

/** Hour index of a time in ms since 1970 (also negative times). */
export function hourOf(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS);
}

/** First millisecond of an hour. */
export function hourStartMs(hour: number): number {
  return hour * HOUR_MS;
}

/** `YYYYMM` of an hour: the table partition its rows live in. */
export function monthOf(hour: number): number {
  const date = new Date(hour * HOUR_MS);
  return date.getUTCFullYear() * 100 + date.getUTCMonth() + 1;
}

/** Of a UTC day: days are counted from 1970-01-01, as hours are. */
export const DAY_HOURS = 24;
/** The day of the hour that was written last: pages go hour by hour, and a date is dear to make. */
let written = { day: 0, date: '1970-01-01' };

/** `2026-11-23T14:00:00Z`: the contract's form of an hour. */
export function hourIso(hour: number): string {
  const day = Math.floor(hour / DAY_HOURS);
  if (day !== written.day) written = { day, date: new Date(day * DAY_HOURS * HOUR_MS).toISOString().slice(0, 10) };
  const ofDay = hour - day * DAY_HOURS;
  return `${written.date}T${ofDay < 10 ? '0' : ''}${String(ofDay)}:00:00Z`;
}
