/**
 * Sensors known of places, which coverages of rollups are measured by, kept while the tables are the same and for some seconds after:
 * of all places together, or where there are too many sensors by question.
 *
 * Boundary: figures in this process (kept-while-true.ts). Where no answer is kept, nothing is kept here.
 * When rows have come they are at most COVERAGE_AGE_MS_MAX or KNOWN_SENSORS_AGE_MS_MAX behind: that bears on coverages alone, never on
 * a sum.
 */
import {
  COVERAGE_AGE_MS_MAX,
  KNOWN_SENSORS_AGE_MS_MAX,
  KNOWN_SENSORS_DEAR,
  KNOWN_SENSORS_GATHER_MS,
} from '../model/limits.ts';
import type { KeptFiguresDeps } from './answers/answers.ts';
import { keptWhileTrue } from './kept-while-true.ts';
import { type KnownEverywhere, readKnownEverywhere } from './queries/known-everywhere.ts';
import { type KnownAsk, type KnownChange, KnownSensors, readKnownChanges } from './queries/known-sensors.ts';
import type { Place } from './queries/places.ts';
import { placesTogether } from './queries/places-together.ts';

interface KnownQuestion {
  readonly places: readonly Place[];
  readonly metric: string;
  readonly kind?: string | undefined;
}
/** @returns the sensors of these places, maybe with those of others. */
export type KnownSensorsReader = (ask: KnownQuestion) => Promise<KnownSensors>;

export function keptKnownSensors(deps: KeptFiguresDeps): KnownSensorsReader {
  const { clickhouse, figuresGate, backgroundGate } = deps;
  const readAlone = (ask: KnownAsk) => readKnownChanges(clickhouse, ask);
  const together = placesTogether(figuresGate, readAlone);
  const togetherInTime = placesTogether(backgroundGate, readAlone, KNOWN_SENSORS_GATHER_MS);
  const readChanges = (ask: KnownAsk, ageing: KnownSensors | null): Promise<KnownChange[]> => {
    const gate = ageing === null ? figuresGate : backgroundGate;
    // Nobody waits: one processor at a time is left to the others.
    if (ageing !== null && ageing.sensors >= KNOWN_SENSORS_DEAR)
      return gate.pass(() => readKnownChanges(clickhouse, ask, ONE_THREAD));
    if (ask.places.length > 1) return gate.pass(() => readAlone(ask));
    return (ageing === null ? together : togetherInTime)(ask);
  };
  const keep = keptWhileTrue<KnownAsk, KnownSensors>(
    deps,
    {
      ageMsMaxOf: ({ sensors }) => (sensors < KNOWN_SENSORS_DEAR ? COVERAGE_AGE_MS_MAX : KNOWN_SENSORS_AGE_MS_MAX),
      sizeOf: ({ size }) => size,
    },
    async (ask, ageing) => new KnownSensors(await readChanges(ask, ageing)),
  );
  if (deps.dataVersion === undefined) return (ask) => keep.ask(placedAsk(ask));
  const keepEverywhere = keptWhileTrue<object, KnownEverywhere>(
    deps,
    { ageMsMaxOf: () => COVERAGE_AGE_MS_MAX, sizeOf: ({ size }) => size },
    (_all, ageing) =>
      (ageing === null ? figuresGate : backgroundGate).pass(() => readKnownEverywhere(clickhouse, ONE_THREAD)),
  );
  return async (ask) => {
    const isOfDistricts = ask.places.some(({ district }) => district !== undefined);
    return (await keepEverywhere.ask({})).of(ask.metric, isOfDistricts) ?? keep.ask(placedAsk(ask));
  };
}

function placedAsk({ places, metric, kind }: KnownQuestion): KnownAsk {
  return { places: places.map(({ city, district }) => ({ city, district, metric })), kind };
}

const ONE_THREAD = { max_threads: 1 } as const;
