/**
 * The order of series and hours: by the UTF-8 bytes of city, district, kind, metric and sensor, then by hour.
 *
 * Boundary: comparison only. It is the order of the table's key, of every page and of every answer about open hours.
 */
import type { SeriesKey } from './cluster.ts';

/** UTF-8 orders like code points; UTF-16 (JavaScript's `<`) does not where surrogates meet U+E000 to U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x !== y) return bytesRank(x) - bytesRank(y);
  }
  return a.length - b.length;
}

/** Surrogates (code points from U+10000) come after U+E000 to U+FFFF in UTF-8. */
function bytesRank(unit: number): number {
  if (unit >= 0xe000) return unit - 0x800;
  return unit >= 0xd800 ? unit + 0x2000 : unit;
}

type Keyed = SeriesKey & { hour: number };

export function compareRows(a: Keyed, b: Keyed): number {
  return (
    compareUtf8(a.city, b.city) ||
    compareUtf8(a.district, b.district) ||
    compareUtf8(a.kind, b.kind) ||
    compareUtf8(a.metric, b.metric) ||
    compareUtf8(a.sensor, b.sensor) ||
    a.hour - b.hour
  );
}
