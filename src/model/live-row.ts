/**
 * Adding up rows of open hours: in a worker thread over its partitions, in the API over threads and table.
 *
 * Boundary: arithmetic only. Sums stay double-double until they are shown.
 */
import { addPairTo } from './double-double.ts';
import type { LiveRow } from './live.ts';

/** A row of no reading. */
export function emptyLiveRow(key: Pick<LiveRow, 'district' | 'kind' | 'metric' | 'hour'>): LiveRow {
  const { district, kind, metric, hour } = key;
  return { district, kind, metric, hour, count: 0, sumHi: 0, sumLo: 0, min: Infinity, max: -Infinity };
}

/** Adds the figures of another row. */
export function addLiveRow(row: LiveRow, addend: Omit<LiveRow, 'district' | 'kind' | 'metric' | 'hour'>): void {
  row.count += addend.count;
  const sum = { hi: row.sumHi, lo: row.sumLo };
  addPairTo(sum, addend.sumHi, addend.sumLo);
  row.sumHi = sum.hi;
  row.sumLo = sum.lo;
  row.min = Math.min(row.min, addend.min);
  row.max = Math.max(row.max, addend.max);
}
