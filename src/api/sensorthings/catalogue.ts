/**
 * What is known of sensors and metrics beside their readings, as SensorThings asks for it.
 *
 * Boundary: the registry's memory; a sensor that nobody has registered has no place and no title.
 */
import { CATALOGUE_SCAN_ENTRIES } from '../../model/limits.ts';
import type { SensorEntry, SensorName } from '../../model/registry.ts';
import type { RegistryReader } from '../ports.ts';
import { unitOf } from '../registered-unit.ts';

interface ThingFacts {
  readonly title: string | null;
  readonly owner: string | null;
  readonly location: SensorEntry['location'];
}

export interface Catalogue {
  /** Null: nobody has registered it. */
  thing(name: SensorName): ThingFacts | null;
  /** UCUM code: the sensor's own for this metric, else the metric's. */
  unitOf(series: SensorName & { metric: string }): string | null;
  metricTitle(metric: string): string | null;
  /** All that have a location, in the order of their names. @param equal names that they have. */
  located(equal: Partial<SensorName>): Iterable<SensorName>;
}

export function catalogueOf(registry: RegistryReader): Catalogue {
  return {
    thing(name) {
      const entry = registry.sensor(name)?.entry;
      return entry === undefined ? null : { title: entry.name, owner: entry.owner, location: entry.location };
    },
    unitOf: (series) => unitOf(registry, series),
    metricTitle: (metric) => registry.metric(metric)?.entry.name ?? null,
    *located(equal) {
      let after: SensorName | null = null;
      for (;;) {
        const page = registry.sensors(equal, after, CATALOGUE_SCAN_ENTRIES);
        for (const { entry } of page) {
          after = { city: entry.city, district: entry.district, kind: entry.kind, sensor: entry.sensor };
          if (entry.location !== null) yield after;
        }
        if (page.length < CATALOGUE_SCAN_ENTRIES) return;
      }
    },
  };
}
