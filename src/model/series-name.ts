/**
 * One text a series: for keys of maps, and as the database puts it together.
 *
 * Boundary: text only. Cities, districts, kinds and metrics are tokens without a slash, so a name is that of one series only.
 */
import type { SeriesKey } from './cluster.ts';

export function seriesName({ city, district, kind, metric, sensor }: SeriesKey): string {
  return `${city}/${district}/${kind}/${metric}/${sensor}`;
}
