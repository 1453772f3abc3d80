/**
 * What the registry adds to answers about readings: joined on reading, so that no view depends on it (invariant 5).
 *
 * Boundary: lookups in memory.
 */
import type { SeriesKey } from '../model/cluster.ts';
import type { SensorEntry } from '../model/registry.ts';
import { timeZoneOf, UTC } from '../model/time-zone.ts';
import type { RegistryReader } from './ports.ts';

/** A series' name, place and unit; null where the registry says nothing. */
export function registeredOf(
  registry: RegistryReader,
  series: SeriesKey,
): { name: string | null; location: SensorEntry['location']; unit: string | null } {
  const sensor = registry.sensor(series)?.entry;
  return {
    name: sensor?.name ?? null,
    location: sensor?.location ?? null,
    unit: sensor?.units[series.metric] ?? unitOf(registry, series.metric),
  };
}

/** A metric's unit where no single sensor is meant. */
export function unitOf(registry: RegistryReader, metric: string): string | null {
  return registry.metric(metric)?.entry.unit ?? null;
}

/** The zone that civil days are asked in. @param wanted an IANA name, `city`, or absent: UTC. */
export function zoneAsked(registry: RegistryReader, wanted: string | undefined, city: string): string {
  return wanted === 'city' ? zoneOfCity(registry, city) : (timeZoneOf(wanted ?? UTC) ?? UTC);
}

/** The zone that a city's civil days are counted in. */
export function zoneOfCity(registry: RegistryReader, city: string): string {
  return registry.city(city)?.entry.timeZone ?? UTC;
}
