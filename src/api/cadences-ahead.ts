/**
 * What open hours of all places are measured by, before somebody asks: the first who asks about a district's open hour is followed by
 * those who ask about the others, and each of them would wait for a week of its sensors.
 *
 * Job: set off by a question of which nothing is kept; some places at a time, so that nobody waits for it, and then not again for a
 * while. Where there are too many sensors, nothing is read.
 * Boundary: reads and hands over, as compacted-ahead.ts. What cannot be read is left: who asks for it hears of the error.
 */
import { CADENCES_AHEAD_REST_MS, CADENCES_AHEAD_SERIES, EVERYWHERE_ROWS_MAX } from '../model/limits.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import type { PlaceAsk } from './kept-cadences.ts';
import type { KeptReader } from './kept-while-true.ts';
import { type Cadence, CadencesOfHour, readCadencesOfPlaces } from './queries/cadence.ts';
import { type PlaceSeries, readPlaceSeries, readSeriesRows } from './queries/inventory.ts';

/** @returns sets it off, and comes back at once. */
export function cadencesAhead(
  { clickhouse, clock, backgroundGate }: Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'backgroundGate'>,
  kept: KeptReader<PlaceAsk, CadencesOfHour>,
): (hour: number) => void {
  let nextMs = -Infinity;
  const readAll = async (hour: number): Promise<void> => {
    if ((await readSeriesRows(clickhouse)) > EVERYWHERE_ROWS_MAX) return;
    const places = await backgroundGate.pass(() => readPlaceSeries(clickhouse));
    for (const some of together(places)) {
      const keep = kept.readAhead();
      const cadences = new Map<string, Cadence[]>(some.map((place) => [nameOf(place), []]));
      for (const row of await backgroundGate.pass(() => readCadencesOfPlaces(clickhouse, { places: some, hour })))
        cadences.get(nameOf(row))?.push(row);
      for (const { city, district, metric } of some) {
        const place = { city, district, metric };
        keep({ place, hour }, new CadencesOfHour(hour, cadences.get(nameOf(place)) ?? []));
      }
    }
  };
  return (hour) => {
    if (clock.monotonicMs() < nextMs) return;
    nextMs = Infinity;
    readAll(hour)
      .catch(() => undefined)
      .finally(() => (nextMs = clock.monotonicMs() + CADENCES_AHEAD_REST_MS));
  };
}

/** So many series at a time. */
function together(places: readonly PlaceSeries[]): PlaceSeries[][] {
  const groups: PlaceSeries[][] = [];
  let series = Infinity;
  for (const place of places) {
    series += place.series;
    if (series > CADENCES_AHEAD_SERIES) {
      groups.push([]);
      series = place.series;
    }
    groups.at(-1)?.push(place);
  }
  return groups;
}

function nameOf({ city, district, metric }: { city: string; district: string; metric: string }): string {
  return `${city}/${district}/${metric}`;
}
