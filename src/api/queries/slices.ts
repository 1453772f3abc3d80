/**
 * Long ranges of rollups in slices.
 *
 * Why: a row of `district_facts` holds its hour's sensors one by one, since sensors of several hours are merged and never
 * added up (invariant 5). A year of a city of 10,000 sensors is 88 million of them, more than one question may take. So the periods
 * that a page has are looked up first, from names and hours alone, and then read some at a time; a page costs what it has.
 *
 * Boundary: arithmetic; the questions are rollups.ts's and civil.ts's.
 */
import type { ClickHouseSettings } from '@clickhouse/client';
import { ROLLUP_BLOCK_ROWS, ROLLUP_SLICE_HOURS } from '../../model/limits.ts';

/** For questions to `district_facts`: its rows are large. */
export const ROLLUP_SETTINGS: ClickHouseSettings = { max_block_size: String(ROLLUP_BLOCK_ROWS) };

export interface Period {
  readonly kind: string;
  /** Where it begins: an hour index, or seconds since 1970. */
  readonly begins: number;
}

export interface Slice {
  readonly kind: string;
  /** Beginnings of its first and its last period. */
  readonly first: number;
  readonly last: number;
  readonly periods: number;
}

/** @param hours of one period. @returns runs of one kind, together at most ROLLUP_SLICE_HOURS long. */
export function slicesOf(periods: readonly Period[], hours: number): Slice[] {
  const most = Math.max(1, Math.floor(ROLLUP_SLICE_HOURS / hours));
  const slices: Slice[] = [];
  for (const { kind, begins } of periods) {
    const slice = slices.at(-1);
    if (slice?.kind === kind && slice.periods < most)
      slices[slices.length - 1] = { ...slice, last: begins, periods: slice.periods + 1 };
    else slices.push({ kind, first: begins, last: begins, periods: 1 });
  }
  return slices;
}
