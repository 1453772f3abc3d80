/**
 * The unit of a series: the sensor's own for the metric, else the metric's.
 *
 * Boundary: the registry's memory.
 */
import type { SensorName } from '../model/registry.ts';
import type { RegistryReader } from './ports.ts';

/** UCUM code; null where none is known. */
export function unitOf(registry: RegistryReader, { metric, ...name }: SensorName & { metric: string }): string | null {
  const own = registry.sensor(name)?.entry.units;
  const unit = own !== undefined && Object.hasOwn(own, metric) ? own[metric] : undefined;
  return unit ?? registry.metric(metric)?.entry.unit ?? null;
}
