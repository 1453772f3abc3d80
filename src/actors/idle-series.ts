/**
 * Which series have gone: nobody has sent a reading of them in any hour that is open or being closed.
 *
 * Boundary: pure. Whether it pays to forget them is decided here: only where they are most of many.
 */

/** Fewer are not worth the work. */
const COMPACT_SERIES_MIN = 4096;

interface Window {
  has(slot: number): boolean;
}

/** @param windows all that are open, those that are being closed among them. Gives a bit for each slot; null where it does not pay. */
export function idleSeries(series: number, windows: readonly Window[]): Uint8Array | null {
  if (series < COMPACT_SERIES_MIN) return null;
  const isIdle = new Uint8Array(series);
  let count = 0;
  for (let slot = 0; slot < series; slot++) {
    if (windows.some((window) => window.has(slot))) continue;
    isIdle[slot] = 1;
    count += 1;
  }
  return count * 2 > series ? isIdle : null;
}
