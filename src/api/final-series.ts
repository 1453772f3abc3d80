/**
 * Final hours of one series, week before included, as rows: straight from the table's columns.
 *
 * Why not as sums that can still be added to (hourly.ts): a sensor's month is what dashboards ask for most, nearly all of its hours are
 * one row of the table, and what lay between that row and the answer's was most of what the process's collector had to do.
 * Boundary: the table only, and a range that fits on a page. Invariants: 4 (queries/series-hours.ts), 8: who calls has read
 * `finalThroughMs` before.
 */
import type { SeriesKey } from '../model/cluster.ts';
import { roundedOrNull } from '../model/double-double.ts';
import { hourIso } from '../model/hour.ts';
import { coverageAt } from './coverage.ts';
import { type HourlyRow, toRow } from './hourly-row.ts';
import type { BlockColumns, BlockReader } from './queries/block-reader.ts';
import { cadencesIn } from './queries/cadence.ts';
import { hoursIn, sumOf, weekBefore, withoutDoubles } from './queries/series-hours.ts';

export async function readFinalSeries(
  readBlocks: BlockReader,
  series: SeriesKey,
  { fromHour, toHour, watermarkMs }: { fromHour: number; toHour: number; watermarkMs: number },
): Promise<HourlyRow[]> {
  const found = await readBlocks({ series, fromHour: weekBefore(fromHour), toHour });
  const { columns, rows } = found;
  const { hours, counts, starts } = hoursIn(found);
  const first = hours.findIndex((hour) => hour >= fromHour);
  if (first === -1) return [];
  const cadences = cadencesIn({ hours, counts }, hours.slice(first));
  return cadences.map((expected, of) => {
    const at = first + of;
    const [start = 0, end = 0] = [starts[at], starts[at + 1]];
    const coverage = coverageAt({ hour: hours[at] ?? 0, count: counts[at] ?? 0 }, expected, watermarkMs);
    if (end === start + 1) return rowOf(series, columns, rows[start] ?? -1, coverage);
    const blocks = withoutDoubles(columns, rows.slice(start, end));
    return { ...toRow(sumOf(series, columns, blocks), Infinity), coverage };
  });
}

/** An hour of one block: as {@link toRow}, without the sums in between. */
function rowOf(series: SeriesKey, columns: BlockColumns, row: number, coverage: number | null): HourlyRow {
  const { city, district, kind, sensor, metric } = series;
  const count = columns.count[row] ?? 0;
  const sum = roundedOrNull({ hi: columns.sum[row] ?? NaN, lo: columns.sum_lo[row] ?? NaN });
  return {
    city,
    district,
    kind,
    sensor,
    metric,
    hour: hourIso(columns.hour_index[row] ?? 0),
    count,
    sum,
    min: columns.min[row] ?? NaN,
    max: columns.max[row] ?? NaN,
    mean: sum === null ? null : sum / count,
    status: 'final',
    revision: columns.revised[row] ?? 0,
    coverage,
  };
}
