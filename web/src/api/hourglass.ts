/**
 * What the views ask the API for, with the types of its answers.
 *
 * Boundary: paths and row shapes as /openapi.json has them; figures come out as {@link HourFigures}. No state, no time of its own.
 */
import { HOUR_MS } from '../figures/civil-time.ts';
import type { HourFigures, Status } from '../figures/hours.ts';
import { isoOf } from '../url/route.ts';
import { ApiError, ask, askAll, pathWith } from './http.ts';
import { fetchWithKey } from './key.ts';

export interface City {
  readonly city: string;
  readonly districts: number;
  readonly sensors: number;
}

export interface District {
  readonly city: string;
  readonly district: string;
  readonly kinds: readonly string[];
  readonly metrics: readonly string[];
  readonly sensors: number;
}

export interface Series {
  readonly city: string;
  readonly district: string;
  readonly kind: string;
  readonly sensor: string;
  readonly metric: string;
  readonly first_seen: string;
  readonly last_seen: string;
}

/** How far the figures are, from the headers of every answer about hours. */
export interface Progress {
  /** All readings up to here are counted, ms since 1970; 0 where it is not known yet. */
  readonly watermarkMs: number;
  /** Hours that end at or before this are final, ms since 1970. */
  readonly finalThroughMs: number;
}

export interface Hours<Row extends HourFigures = HourFigures> {
  readonly hours: readonly Row[];
  readonly progress: Progress;
  /** False where there were more rows than a view can show. */
  readonly isAll: boolean;
}

export interface KindHour extends HourFigures {
  readonly kind: string;
}

interface RollupRow {
  readonly kind: string;
  readonly hour: string;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number;
  readonly max: number;
  readonly mean: number | null;
  readonly sensors: number;
  readonly status: Status;
  readonly revision: number;
  readonly coverage: number | null;
}

interface HourlyRow extends Omit<RollupRow, 'sensors'> {
  readonly city: string;
  readonly district: string;
  readonly sensor: string;
  readonly metric: string;
}

/** Rows a view reads at most: thirty days of a sensor are 720, a city's sensors in one hour some thousands. */
export const VIEW_ROWS_MAX = 10_000;
/** The most the API gives at once. */
const PAGE_ROWS = 10_000;

export async function readCities(signal: AbortSignal): Promise<City[]> {
  return (await askAll<City>('/v1/cities', {}, signal, VIEW_ROWS_MAX)).rows;
}

export async function readDistricts(city: string, signal: AbortSignal): Promise<District[]> {
  const path = `/v1/cities/${encodeURIComponent(city)}/districts`;
  return (await askAll<District>(path, {}, signal, VIEW_ROWS_MAX)).rows;
}

interface Span {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** Hours of a district, or of the whole city, by kind. Open hours are in them as far as they have been written. */
export async function readRollup(
  of: { city: string; district: string | null; metric: string; kind: string | null },
  span: Span,
  signal: AbortSignal,
): Promise<Hours<KindHour>> {
  const query = { from: isoOf(span.fromMs), to: isoOf(span.toMs), kind: of.kind, limit: PAGE_ROWS };
  const { rows, isAll, headers } = await askAll<RollupRow>(`${rollupPath(of)}/hourly`, query, signal, VIEW_ROWS_MAX);
  return {
    hours: rows.map((row) => ({ ...figuresOf(row), kind: row.kind, sensors: row.sensors })),
    progress: progressOf(headers),
    isAll,
  };
}

/** Days (their midnights UTC, ms since 1970) from a day on, on which a metric was measured in a city, by kind; in order. */
export async function readDaysWithReadings(
  of: { city: string; metric: string },
  fromMs: number,
  signal: AbortSignal,
): Promise<{ kind: string; dayMs: number }[]> {
  const path = `${rollupPath({ ...of, district: null })}/daily`;
  const query = { from: isoOf(fromMs), limit: PAGE_ROWS };
  const { rows } = await askAll<{ kind: string; day: string }>(path, query, signal, VIEW_ROWS_MAX);
  return rows.map(({ kind, day }) => ({ kind, dayMs: Date.parse(day) }));
}

function rollupPath({ city, district, metric }: { city: string; district: string | null; metric: string }): string {
  const at = encodeURIComponent;
  return district === null
    ? `/v1/cities/${at(city)}/${at(metric)}`
    : `/v1/districts/${at(city)}/${at(district)}/${at(metric)}`;
}

export interface SensorHour extends HourFigures {
  readonly district: string;
  readonly kind: string;
  readonly sensor: string;
}

/** Hours of sensors, the open one included. */
export async function readSensorHours(
  of: { city: string; district?: string | null; kind?: string | null; sensor?: string; metric: string },
  span: { fromMs: number; toMs?: number },
  signal: AbortSignal,
): Promise<Hours<SensorHour>> {
  const query = {
    city: of.city,
    district: of.district ?? null,
    kind: of.kind ?? null,
    sensor: of.sensor ?? null,
    metric: of.metric,
    from: isoOf(span.fromMs),
    to: span.toMs === undefined ? null : isoOf(span.toMs),
    limit: PAGE_ROWS,
  };
  const { rows, isAll, headers } = await askAll<HourlyRow>('/v1/hourly', query, signal, VIEW_ROWS_MAX);
  const hours = rows.map((row) => ({ ...figuresOf(row), district: row.district, kind: row.kind, sensor: row.sensor }));
  return { hours, progress: progressOf(headers), isAll };
}

/** Where the hours of a district can be had as a file: the same, all of them, as CSV. */
export function csvPath(
  of: { city: string; district: string; metric: string; kind: string | null },
  span: Span,
): string {
  return pathWith(`${rollupPath(of)}/hourly`, { from: isoOf(span.fromMs), to: isoOf(span.toMs), kind: of.kind });
}

/** A page of series. */
export async function readSeries(
  of: { city: string; district: string; metric: string; kind: string | null },
  signal: AbortSignal,
): Promise<{ rows: Series[]; isAll: boolean }> {
  return await askAll<Series>('/v1/sensors', { ...of, limit: PAGE_ROWS }, signal, VIEW_ROWS_MAX);
}

/** The newest reading of a series; null where it has none. */
export async function readMetricsOfSensor(
  of: { city: string; district: string; kind: string; sensor: string },
  signal: AbortSignal,
): Promise<Series[]> {
  // The list cannot be asked for one sensor: its hours say which metrics it has.
  const { city, district, kind, sensor } = of;
  const { rows } = await askAll<Series>(
    '/v1/sensors',
    { city, district, kind, limit: PAGE_ROWS },
    signal,
    VIEW_ROWS_MAX,
  );
  return rows.filter((row) => row.sensor === sensor);
}

function figuresOf(row: Omit<RollupRow, 'sensors'>): HourFigures {
  const { hour, count, sum, min, max, mean, status, revision, coverage } = row;
  return { hourMs: Date.parse(hour), count, sum, min, max, mean, status, revision, coverage };
}

function progressOf(headers: Headers): Progress {
  const time = (name: string): number => Date.parse(headers.get(name) ?? '') || 0;
  return { watermarkMs: time('hourglass-watermark'), finalThroughMs: time('hourglass-final-through') };
}

// What operators ask.

export interface Partition {
  readonly partition: number;
  readonly owner: string | null;
  readonly epoch: number | null;
  readonly backlog: number | null;
  readonly watermark: string | null;
  readonly final_through: string | null;
  readonly last_checkpoint: string | null;
  readonly outbox_blocks: number | null;
  readonly outbox_bytes: number | null;
  readonly series: number | null;
  readonly open_readings: number | null;
}

export interface Pool {
  readonly workers: number;
  readonly nodes: readonly { readonly node: string; readonly workers: number }[];
}

export interface Ledger {
  readonly balanced: boolean;
  readonly data: readonly {
    readonly partition: number;
    readonly messages: {
      readonly taken: number;
      readonly used: number;
      readonly duplicate: number;
      readonly rejected: number;
    };
    readonly readings: {
      readonly counted: number;
      readonly late: number;
      readonly rejected: number;
      readonly sealed: number;
      readonly open: number;
    };
    readonly problems: readonly string[];
  }[];
}

export interface Readiness {
  readonly status: 'ready' | 'not-ready';
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail?: string }>>;
}

export async function readPartitions(signal: AbortSignal): Promise<readonly Partition[]> {
  return (await ask<{ data: Partition[] }>('/v1/admin/partitions', signal)).body.data;
}

export async function readPool(signal: AbortSignal): Promise<Pool> {
  return (await ask<Pool>('/v1/admin/pool', signal)).body;
}

export async function scalePool(workers: number, node: string, signal: AbortSignal): Promise<Pool> {
  const init = { method: 'PUT', body: JSON.stringify({ workers, node }) };
  return (await ask<Pool>('/v1/admin/pool', signal, init)).body;
}

export async function readLedger(signal: AbortSignal): Promise<Ledger> {
  return (await ask<Ledger>('/v1/ledger', signal)).body;
}

export async function readReadiness(signal: AbortSignal): Promise<Readiness> {
  // 503 is an answer here: it says what is not ready.
  const response = await fetchWithKey('/readyz', { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ApiError(0, 'The program cannot be reached.', error);
  });
  return (await response.json()) as Readiness;
}

/** The beginning of the first hour that is not final. */
export function firstOpenHour({ finalThroughMs }: Progress): number {
  return Math.floor(finalThroughMs / HOUR_MS) * HOUR_MS;
}
