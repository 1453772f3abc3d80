/**
 * The coverage of hours of series: of one series from its week, which came with its page; of many from one more query.
 *
 * Boundary: the cadences of queries/cadence.ts and the arithmetic of coverage.ts put together.
 */
import type { SeriesKey } from '../model/cluster.ts';
import { coverageAt } from './coverage.ts';
import type { CadencesReader } from './kept-cadences.ts';
import type { ApiDeps } from './ports.ts';
import { cadencesIn, readCadences } from './queries/cadence.ts';
import type { SeriesFilter } from './queries/hourly-facts.ts';
import type { HourReadings } from './queries/series-hours.ts';

export interface CoverageDeps extends Pick<ApiDeps, 'clickhouse'> {
  /** For pages of open hours; absent: they are read as all others. */
  readonly readKeptCadences?: CadencesReader;
}

/** An hour of a series, as {@link readCoverage} asks about it. */
type SeriesHour = SeriesKey & { readonly hour: number };

/** The coverage of hours of one series. */
export function coverageIn(
  readings: HourReadings,
  rows: readonly SeriesHour[],
  watermarkMs: number,
): (row: SeriesHour & { readonly count: number }, at: number) => number | null {
  const cadences = cadencesIn(
    readings,
    rows.map(({ hour }) => hour),
  );
  return (row, at) => coverageAt(row, cadences[at], watermarkMs);
}

/**
 * The coverage of hours, from a week of each of their series: one query.
 *
 * @param of the page's filter, where the rows are a page in its order; else the rows' series.
 * @param at read before the rows were, so that no hour looks less observed than it was; `isWhole`: the page is all that the filter
 * lets through.
 */
export async function readCoverage(
  { clickhouse, readKeptCadences }: CoverageDeps,
  of: SeriesFilter | readonly SeriesKey[],
  rows: readonly SeriesHour[],
  at: { readonly watermarkMs: number; readonly openHour: number; readonly isWhole?: boolean },
): Promise<(row: SeriesHour & { readonly count: number }) => number | null> {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first === undefined || last === undefined) return () => null;
  let [fromHour, toHour] = [Infinity, 0];
  for (const { hour } of rows) [fromHour, toHour] = [Math.min(fromHour, hour), Math.max(toHour, hour + 1)];
  const ask = {
    of: isList(of)
      ? { series: of }
      : { filter: of, between: at.isWhole === true ? null : { first: seriesAt(first), last: seriesAt(last) } },
    fromHour,
    toHour,
    openHour: at.openHour,
  };
  // Open hours are asked for again and again, and what they are measured by does not change with them.
  const isOpen = fromHour >= at.openHour;
  const cadences = await (isOpen && readKeptCadences !== undefined
    ? readKeptCadences(ask)
    : readCadences(clickhouse, ask));
  return (row) => coverageAt(row, cadences.expectedOf(row), at.watermarkMs);
}

function seriesAt({ city, district, kind, metric, sensor }: SeriesKey): SeriesKey {
  return { city, district, kind, metric, sensor };
}

function isList(of: SeriesFilter | readonly SeriesKey[]): of is readonly SeriesKey[] {
  return Array.isArray(of);
}
