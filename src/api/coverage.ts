/**
 * How much of an hour was observed, from 0 to 1; null where it is not known.
 *
 * A series' hour: its readings against those that its hours of the week before usually have (their median). Of the open hour, against
 * the part that the watermark has passed, so that half an hour that was observed is 1 and never looks whole: its status is `provisional`.
 * A rollup: sensors with readings against the sensors that were known, hour by hour over the hours that are over.
 *
 * Boundary: arithmetic on what the queries bring.
 */
import { HOUR_MS, hourStartMs } from '../model/hour.ts';

/** Decimals that are shown; cut, not rounded: only what is whole is 1. */
const DECIMALS = 4;

export function share(observed: number, expected: number): number {
  return Math.floor(Math.min(1, observed / expected) * 10 ** DECIMALS) / 10 ** DECIMALS;
}

/** @param expected readings that a whole hour usually has; undefined: not known. */
export function coverageAt(
  { hour, count }: { readonly hour: number; readonly count: number },
  expected: number | undefined,
  watermarkMs: number,
): number | null {
  const passed = Math.min(1, Math.max(0, (watermarkMs - hourStartMs(hour)) / HOUR_MS));
  const due = (expected ?? 0) * passed;
  // Before the first reading is due, nothing can be said.
  return due < 1 ? null : share(count, due);
}
