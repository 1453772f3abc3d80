/**
 * What the registry knows: a city's name and time zone, the shapes and names of its districts, names and units of metrics.
 *
 * Boundary: everything in it is optional. What nobody has registered is null or absent here, and views do without.
 */
import type { FeatureCollection, Geometry } from 'geojson';
import { ask, askAll } from './http.ts';

export interface CityEntry {
  readonly city: string;
  readonly name: string | null;
  /** IANA name. */
  readonly time_zone: string;
}

/** Cities or metrics that are read at most: names, not readings. */
const ENTRIES_MAX = 10_000;

interface DistrictProperties {
  readonly city: string;
  readonly district: string;
  readonly name: string | null;
}

export type DistrictShapes = FeatureCollection<Geometry | null, DistrictProperties>;

export interface MetricEntry {
  readonly metric: string;
  readonly name: string | null;
  /** UCUM. */
  readonly unit: string | null;
}

/** Null where it is not registered. From the list, in which being absent is no error. */
export async function readCityEntry(city: string, signal: AbortSignal): Promise<CityEntry | null> {
  const { rows } = await askAll<CityEntry>('/v1/registry/cities', {}, signal, ENTRIES_MAX);
  return rows.find((entry) => entry.city === city) ?? null;
}

/** Districts that only readings know are in it too, without a shape. */
export async function readShapes(city: string, signal: AbortSignal): Promise<DistrictShapes> {
  return (await ask<DistrictShapes>(`/v1/registry/cities/${encodeURIComponent(city)}/districts`, signal)).body;
}

export async function readMetrics(signal: AbortSignal): Promise<readonly MetricEntry[]> {
  return (await askAll<MetricEntry>('/v1/registry/metrics', {}, signal, ENTRIES_MAX)).rows;
}
