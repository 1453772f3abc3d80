/**
 * Known sensors, kept for some seconds: every page of a rollup needs them, and they change when a sensor is new or silent.
 *
 * Boundary: figures by question, in this process, bounded in number and age. Where no answer is kept, nothing is kept here.
 * What is kept is at most KNOWN_SENSORS_AGE_MS_MAX old: it bears on the coverage alone, never on a sum.
 */
import { LRUCache } from 'lru-cache';
import { KNOWN_SENSORS_AGE_MS_MAX, KNOWN_SENSORS_STEPS_MAX } from '../model/limits.ts';
import type { ApiDeps } from './ports.ts';
import { type KnownAsk, type KnownSensors, readKnownSensors } from './queries/known-sensors.ts';

export type KnownSensorsReader = (ask: KnownAsk) => Promise<KnownSensors>;

export function keptKnownSensors({
  clickhouse,
  clock,
  dataVersion,
}: Pick<ApiDeps, 'clickhouse' | 'clock' | 'dataVersion'>): KnownSensorsReader {
  if (dataVersion === undefined) return (ask) => readKnownSensors(clickhouse, ask);
  const kept = new LRUCache<string, KnownSensors, KnownAsk>({
    maxSize: KNOWN_SENSORS_STEPS_MAX,
    sizeCalculation: (known) => known.size + 1,
    ttl: KNOWN_SENSORS_AGE_MS_MAX,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    // Who waits gets what was read, also where it was too much to be kept.
    ignoreFetchAbort: true,
    fetchMethod: (_key, _old, { context }) => readKnownSensors(clickhouse, context),
  });
  return ({ places, metric, kind }) =>
    kept.forceFetch(JSON.stringify([places, metric, kind]), { context: { places, metric, kind } });
}
