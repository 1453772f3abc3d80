/**
 * What is known of sensors and metrics beside their readings.
 *
 * Boundary: the questions that SensorThings has; whoever keeps the answers gives them from memory.
 */
import type { ThingKey } from './ids.ts';

export interface ThingFacts {
  readonly title: string | null;
  readonly owner: string | null;
  /** GeoJSON. */
  readonly location: { readonly type: 'Point'; readonly coordinates: readonly number[] } | null;
}

export interface Catalogue {
  thing(key: ThingKey): ThingFacts | null;
  /** UCUM code. */
  unitOf(key: ThingKey & { metric: string }): string | null;
  metricTitle(metric: string): string | null;
  /** All that have a location, in the order of their names. */
  located(equal: Partial<ThingKey>): Iterable<ThingKey>;
}

/** Nothing is known. */
export const EMPTY_CATALOGUE: Catalogue = {
  thing: () => null,
  unitOf: () => null,
  metricTitle: () => null,
  located: () => [],
};
