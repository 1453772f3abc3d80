/**
 * What coverages are measured by, kept while the tables are the same and for some seconds after: sensors known of a place, and how many
 * readings hours usually have.
 *
 * Boundary: figures by question, in this process (kept-while-true.ts). Where no answer is kept, nothing is kept here.
 * When rows have come they are at most COVERAGE_AGE_MS_MAX, CADENCE_AGE_MS_MAX or KNOWN_SENSORS_AGE_MS_MAX behind: that bears on
 * coverages alone, never on a sum.
 */
import {
  CADENCE_AGE_MS_MAX,
  COVERAGE_AGE_MS_MAX,
  KNOWN_SENSORS_AGE_MS_MAX,
  KNOWN_SENSORS_DEAR,
  KNOWN_SENSORS_GATHER_MS,
} from '../model/limits.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { keptWhileTrue } from './kept-while-true.ts';
import { type Cadence, type CadenceAsk, readCadences } from './queries/cadence.ts';
import { type KnownAsk, type KnownChange, KnownSensors, readKnownChanges } from './queries/known-sensors.ts';
import type { Place } from './queries/places.ts';
import { placesTogether } from './queries/places-together.ts';

type Deps = Pick<
  AnsweredDeps,
  'clickhouse' | 'clock' | 'dataVersion' | 'tablesAreSettled' | 'figuresGate' | 'backgroundGate'
>;

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
  const readChanges = (ask: KnownAsk, ageing: KnownSensors | null): Promise<KnownChange[]> => {
    const gate = ageing === null ? figuresGate : backgroundGate;
    // Nobody waits: one processor at a time is left to the others.
    if (ageing !== null && ageing.sensors >= KNOWN_SENSORS_DEAR)
      return gate.pass(() => readKnownChanges(clickhouse, ask, { max_threads: 1 }));
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
  return ({ places, metric, kind }) =>
    keep({ places: places.map(({ city, district }) => ({ city, district, metric })), kind });
}

export function keptCadences(deps: Deps): CadencesReader {
  const { clickhouse, figuresGate, backgroundGate } = deps;
  return keptWhileTrue<CadenceAsk, readonly Cadence[]>(
    deps,
    { ageMsMaxOf: () => CADENCE_AGE_MS_MAX, sizeOf: (cadences) => cadences.length },
    (ask, ageing) => (ageing === null ? figuresGate : backgroundGate).pass(() => readCadences(clickhouse, ask)),
  );
}
