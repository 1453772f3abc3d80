/**
 * What coverages are measured by, kept for some seconds: sensors known of a place, and how many readings hours usually have.
 *
 * Boundary: figures by question, in this process, bounded in number and age. Where no answer is kept, nothing is kept here.
 * They are at most COVERAGE_AGE_MS_MAX, CADENCE_AGE_MS_MAX or KNOWN_SENSORS_AGE_MS_MAX old: that bears on
 * coverages alone, never on a sum.
 */
import { LRUCache } from 'lru-cache';
import {
  CADENCE_AGE_MS_MAX,
  COVERAGE_AGE_MS_MAX,
  KEPT_FIGURES_MAX,
  KNOWN_SENSORS_AGE_MS_MAX,
  KNOWN_SENSORS_DEAR,
  KNOWN_SENSORS_GATHER_MS,
} from '../model/limits.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { inGoodTime } from './in-good-time.ts';
import { type Cadence, type CadenceAsk, readCadences } from './queries/cadence.ts';
import { type KnownAsk, type KnownChange, KnownSensors, readKnownChanges } from './queries/known-sensors.ts';
import type { Place } from './queries/places.ts';
import { placesTogether } from './queries/places-together.ts';

type Deps = Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'dataVersion' | 'figuresGate' | 'backgroundGate'>;

export type KnownSensorsReader = (ask: {
  readonly places: readonly Place[];
  readonly metric: string;
  readonly kind?: string | undefined;
}) => Promise<KnownSensors>;
export type CadencesReader = (ask: CadenceAsk) => Promise<readonly Cadence[]>;

export function keptKnownSensors(deps: Deps): KnownSensorsReader {
  const { clickhouse, figuresGate, backgroundGate } = deps;
  const readAlone = (ask: KnownAsk) => readKnownChanges(clickhouse, ask);
  const together = placesTogether(figuresGate, readAlone);
  const togetherInTime = placesTogether(backgroundGate, readAlone, KNOWN_SENSORS_GATHER_MS);
  const readChanges = (ask: KnownAsk, before: KnownSensors | undefined): Promise<KnownChange[]> => {
    const gate = before === undefined ? figuresGate : backgroundGate;
    // Counted anew in good time, so that hardly anybody waits: one processor at a time is left to the others.
    if (before !== undefined && before.sensors >= KNOWN_SENSORS_DEAR)
      return gate.pass(() => readKnownChanges(clickhouse, ask, { max_threads: 1 }));
    if (ask.places.length > 1) return gate.pass(() => readAlone(ask));
    return (before === undefined ? together : togetherInTime)(ask);
  };
  const keep = keeperOf<KnownAsk, KnownSensors>(
    deps,
    ({ sensors }) => (sensors < KNOWN_SENSORS_DEAR ? COVERAGE_AGE_MS_MAX : KNOWN_SENSORS_AGE_MS_MAX),
    async (ask, before) => new KnownSensors(await readChanges(ask, before)),
    ({ size }) => size,
  );
  return ({ places, metric, kind }) =>
    keep({ places: places.map(({ city, district }) => ({ city, district, metric })), kind });
}

export function keptCadences(deps: Deps): CadencesReader {
  const { clickhouse, figuresGate, backgroundGate } = deps;
  return keeperOf<CadenceAsk, readonly Cadence[]>(
    deps,
    () => CADENCE_AGE_MS_MAX,
    (ask, before) => (before === undefined ? figuresGate : backgroundGate).pass(() => readCadences(clickhouse, ask)),
    (cadences) => cadences.length,
  );
}

/**
 * @param ageMsMaxOf how long it is kept.
 * @param read what it gives depends on its question alone, which is JSON; `before`: what it gave the last time, absent where somebody
 * waits for it.
 * @param sizeOf figures in it.
 */
function keeperOf<Ask extends object, Result extends object>(
  { clock, dataVersion }: Pick<Deps, 'clock' | 'dataVersion'>,
  ageMsMaxOf: (result: Result) => number,
  read: (ask: Ask, before?: Result) => Promise<Result>,
  sizeOf: (result: Result) => number,
): (ask: Ask) => Promise<Result> {
  if (dataVersion === undefined) return (ask) => read(ask);
  const kept = new LRUCache<string, Result>({
    maxSize: KEPT_FIGURES_MAX,
    sizeCalculation: (result) => sizeOf(result) + 1,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    // Who waits gets what was read, also where it was too much to be kept.
    ignoreFetchAbort: true,
    fetchMethod: async (key, before, { options }) => {
      const result = await read(JSON.parse(key) as Ask, before);
      options.ttl = ageMsMaxOf(result);
      return result;
    },
  });
  return (ask) => {
    const key = JSON.stringify(ask);
    return kept.forceFetch(key, inGoodTime(kept, key, ageMsMaxOf));
  };
}
