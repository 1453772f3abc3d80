/**
 * How many readings open hours usually have, which their coverages are measured by, kept while the tables are the same and for a minute
 * after.
 *
 * Job: a metric of a district is kept for itself, whoever asks about it, and what an hour is measured by is taken for the next one's
 * until that is read: at the turn of the hour everybody asks about every district, and nobody waits. Those that are asked for together
 * are read together, and all others after the first, in the background. Other questions are kept as they were asked.
 * Boundary: figures in this process (kept-while-true.ts). Where no answer is kept, nothing is kept here.
 * When rows have come they are at most CADENCE_AGE_MS_MAX behind: that bears on coverages alone, never on a sum.
 */
import { CADENCE_AGE_MS_MAX, KNOWN_SENSORS_GATHER_MS } from '../model/limits.ts';
import type { KeptFiguresDeps } from './answers/answers.ts';
import { cadencesAhead } from './cadences-ahead.ts';
import { type KeptReader, keptWhileTrue } from './kept-while-true.ts';
import {
  type CadenceAsk,
  type Cadences,
  CadencesOfHour,
  isOfOpenHour,
  type PlacesCadenceAsk,
  readCadences,
  readCadencesOfPlaces,
} from './queries/cadence.ts';
import type { MetricPlace } from './queries/places.ts';
import { placesTogether } from './queries/places-together.ts';

/** @returns cadences of what was asked about, maybe with those of other kinds of sensors. */
export type CadencesReader = (ask: CadenceAsk) => Promise<Cadences>;

/** A metric of a district, and the open hour. */
export interface PlaceAsk {
  readonly place: Required<MetricPlace>;
  readonly hour: number;
}

export function keptCadences(deps: KeptFiguresDeps): CadencesReader {
  const { clickhouse, figuresGate, backgroundGate } = deps;
  const keep = keptWhileTrue<CadenceAsk, Cadences>(
    deps,
    { ageMsMaxOf: () => CADENCE_AGE_MS_MAX, sizeOf: ({ size }) => size },
    (ask, ageing) => (ageing === null ? figuresGate : backgroundGate).pass(() => readCadences(clickhouse, ask)),
  );
  if (deps.dataVersion === undefined) return (ask) => keep.ask(ask);
  const ofPlaces = keptPlaces(deps);
  return (ask) => {
    const of = placeOf(ask);
    return of === null ? keep.ask(ask) : ofPlaces.ask(of);
  };
}

function keptPlaces(deps: KeptFiguresDeps): KeptReader<PlaceAsk, CadencesOfHour> {
  const { clickhouse, figuresGate, backgroundGate } = deps;
  const readAlone = (ask: PlacesCadenceAsk) => readCadencesOfPlaces(clickhouse, ask);
  const together = placesTogether(figuresGate, readAlone);
  const togetherInTime = placesTogether(backgroundGate, readAlone, KNOWN_SENSORS_GATHER_MS);
  const kept = keptWhileTrue<PlaceAsk, CadencesOfHour>(
    deps,
    {
      ageMsMaxOf: () => CADENCE_AGE_MS_MAX,
      sizeOf: ({ size }) => size,
      nameOf: ({ place: { city, district, metric } }) => `${city}/${district}/${metric}`,
      // While an hour ends, two are open: both are measured by the later one's week, or each would have the other's read anew.
      isOf: ({ hour }, ask) => hour >= ask.hour,
    },
    async ({ place, hour }, ageing) => {
      if (ageing === null) readAhead(hour);
      const read = ageing === null ? together : togetherInTime;
      return new CadencesOfHour(hour, await read({ places: [place], hour }));
    },
  );
  const readAhead = cadencesAhead(deps, kept);
  return kept;
}

/** The metric of a district that is asked about; null: it is something else, or a part of it. */
function placeOf(ask: CadenceAsk): PlaceAsk | null {
  if (!isOfOpenHour(ask) || 'series' in ask.of || ask.of.between !== null) return null;
  const { city, district, metric, sensor } = ask.of.filter;
  if (city === undefined || district === undefined || metric === undefined || sensor !== undefined) return null;
  return { place: { city, district, metric }, hour: ask.fromHour };
}
