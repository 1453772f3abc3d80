/**
 * Questions about one place each, for many callers in one question.
 *
 * Job: while as many questions are with the database as the gate lets through, those that come wait; those that ask the same of other
 * places go together. Why: when an hour ends, everybody asks anew about every district, and the database is busy with the hour's rows;
 * and a question takes it longer to understand than a place's rows to read.
 * Boundary: the same rows as of a question each.
 */
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { PLACES_BATCH_MAX, PLACES_SHAPES_MAX } from '../../model/limits.ts';
import type { Gate } from './gate.ts';
import type { Place, Placed } from './places.ts';

/** A place, or a metric of it. */
interface Named {
  readonly city: string;
  readonly district?: string | null | undefined;
  readonly metric?: string;
}
type Of<Shape, Asked> = Shape & { readonly places: readonly Asked[] };

/**
 * @param read many places, all of one sort; what it gives depends on its question alone, which is JSON.
 * @param gatherMs time for which those that come are gathered, where nobody waits for an answer.
 * @returns a reader of one place.
 */
export function placesTogether<Shape extends object, Asked extends Place & Named, Row extends Placed & Named>(
  gate: Gate,
  read: (ask: Of<Shape, Asked>) => Promise<Row[]>,
  gatherMs = 0,
): (ask: Of<Shape, Asked>) => Promise<Row[]> {
  // What is asked, but for the place; places of a question are of one sort.
  const loaders = new LRUCache<string, DataLoader<Asked, Row[], string>>({ max: PLACES_SHAPES_MAX });
  return (ask) => {
    const [place] = ask.places;
    if (place === undefined) return Promise.resolve([]);
    const name = JSON.stringify([place.district === undefined, { ...ask, places: null }]);
    const loader = loaders.get(name) ?? loaderOf(gate, (places) => read({ ...ask, places }), gatherMs);
    loaders.set(name, loader);
    return loader.load(place);
  };
}

function loaderOf<Asked extends Named, Row extends Named>(
  gate: Gate,
  read: (places: readonly Asked[]) => Promise<Row[]>,
  gatherMs: number,
): DataLoader<Asked, Row[], string> {
  const readEach = async (asked: readonly Asked[]): Promise<Row[][]> => {
    const places = [...new Map(asked.map((place) => [nameOf(place), place])).values()];
    const rowsOf = new Map<string, Row[]>(places.map((place) => [nameOf(place), []]));
    for (const row of await read(places)) rowsOf.get(nameOf(row))?.push(row);
    // Each has rows of its own: whoever is given them may put them in order.
    return asked.map((place) => [...(rowsOf.get(nameOf(place)) ?? [])]);
  };
  return new DataLoader((places) => gate.leaveAfter(readEach(places)), {
    cache: false,
    maxBatchSize: PLACES_BATCH_MAX,
    batchScheduleFn: (dispatch) => {
      if (gatherMs === 0) gate.enter(dispatch);
      else setTimeout(() => gate.enter(dispatch), gatherMs).unref();
    },
  });
}

/** Names of cities, districts and metrics are tokens without a slash. */
function nameOf({ city, district, metric }: Named): string {
  return `${city}/${district ?? ''}/${metric ?? ''}`;
}
