/**
 * What coverages are measured by, kept for some seconds: sensors known of a place, and how many readings hours usually have.
 *
 * Boundary: figures by question, in this process, bounded in number and age. Where no answer is kept, nothing is kept here.
 * What is kept is at most COVERAGE_AGE_MS_MAX old: it bears on coverages alone, never on a sum.
 */
import { LRUCache } from 'lru-cache';
import { COVERAGE_AGE_MS_MAX, KEPT_FIGURES_MAX } from '../model/limits.ts';
import type { ApiDeps } from './ports.ts';
import { type Cadence, type CadenceAsk, readCadences } from './queries/cadence.ts';
import { type KnownAsk, type KnownSensors, readKnownSensors } from './queries/known-sensors.ts';

type Deps = Pick<ApiDeps, 'clickhouse' | 'clock' | 'dataVersion'>;

export type KnownSensorsReader = (ask: KnownAsk) => Promise<KnownSensors>;
export type CadencesReader = (ask: CadenceAsk) => Promise<readonly Cadence[]>;

export function keptKnownSensors(deps: Deps): KnownSensorsReader {
  const { clickhouse } = deps;
  const keep = keeperOf<KnownAsk, KnownSensors>(
    deps,
    (ask) => readKnownSensors(clickhouse, ask),
    (known) => known.size,
  );
  return ({ places, metric, kind }) => keep({ places, metric, kind });
}

export function keptCadences(deps: Deps): CadencesReader {
  const { clickhouse } = deps;
  return keeperOf<CadenceAsk, readonly Cadence[]>(
    deps,
    (ask) => readCadences(clickhouse, ask),
    (cadences) => cadences.length,
  );
}

/** @param ask is JSON, and what is read depends on nothing else. @param sizeOf figures in a result. */
function keeperOf<Ask extends object, Result extends object>(
  { clock, dataVersion }: Deps,
  read: (ask: Ask) => Promise<Result>,
  sizeOf: (result: Result) => number,
): (ask: Ask) => Promise<Result> {
  if (dataVersion === undefined) return read;
  const kept = new LRUCache<string, Result>({
    maxSize: KEPT_FIGURES_MAX,
    sizeCalculation: (result) => sizeOf(result) + 1,
    ttl: COVERAGE_AGE_MS_MAX,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    // Who waits gets what was read, also where it was too much to be kept.
    ignoreFetchAbort: true,
    fetchMethod: (key) => read(JSON.parse(key) as Ask),
  });
  return (ask) => kept.forceFetch(JSON.stringify(ask));
}
