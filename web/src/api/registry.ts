/**
 * What the registry knows: a city's name and time zone, the shapes and names of its districts, names and units of metrics.
 *
 * Boundary: everything in it is optional. What nobody has registered is null or absent here, and views do without.
 */
import type { FeatureCollection, Geometry } from 'geojson';
import { ApiError, ask } from './http.ts';

export interface CityEntry {
  readonly name: string;
  /** IANA name. */
  readonly time_zone: string;
}

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

export function readCityEntry(city: string, signal: AbortSignal): Promise<CityEntry | null> {
  return known<CityEntry>(`/v1/registry/cities/${encodeURIComponent(city)}`, signal);
}

export function readShapes(city: string, signal: AbortSignal): Promise<DistrictShapes | null> {
  return known<DistrictShapes>(`/v1/registry/cities/${encodeURIComponent(city)}/districts`, signal);
}

export async function readMetrics(signal: AbortSignal): Promise<readonly MetricEntry[]> {
  return (await known<{ data: MetricEntry[] }>('/v1/registry/metrics', signal))?.data ?? [];
}

/** Null where it is not registered. */
async function known<Body>(path: string, signal: AbortSignal): Promise<Body | null> {
  try {
    return (await ask<Body>(path, signal)).body;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}
