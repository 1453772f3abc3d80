/**
 * The newest hours of one place each, for many callers in one question.
 *
 * Job: while as many questions are with the database as its gate lets through, those that come wait; those that ask the same of other
 * places go together. Why: when an hour ends, everybody asks anew about every district, and the database is busy with the hour's rows.
 * Boundary: the same rows as readRollup; what is too long to be read at once is not for here.
 */
import type { ClickHouseClient } from '@clickhouse/client';
import DataLoader from 'dataloader';
import { LRUCache } from 'lru-cache';
import { ROLLUP_BATCH_MAX, ROLLUP_SHAPES_MAX } from '../../model/limits.ts';
import type { Gate } from './gate.ts';
import type { Place, Placed } from './places.ts';
import { readRollupAtOnce, type RollupAsk, type RollupFigures } from './rollups.ts';

type Rows = (RollupFigures & Placed)[];

/** @returns a reader of asks of one place. */
export function rollupsTogether(client: ClickHouseClient, gate: Gate): (ask: RollupAsk) => Promise<Rows> {
  // What is asked, but for the place; places of a question are of one sort.
  const loaders = new LRUCache<string, DataLoader<Place, Rows, string>>({ max: ROLLUP_SHAPES_MAX });
  return ({ places: [place], ...shape }) => {
    if (place === undefined) return Promise.resolve([]);
    const name = JSON.stringify([place.district === undefined, shape]);
    const loader = loaders.get(name) ?? loaderOf(client, gate, shape);
    loaders.set(name, loader);
    return loader.load(place);
  };
}

function loaderOf(
  client: ClickHouseClient,
  gate: Gate,
  shape: Omit<RollupAsk, 'places'>,
): DataLoader<Place, Rows, string> {
  const read = async (asked: readonly Place[]): Promise<Rows[]> => {
    const places = [...new Map(asked.map((place) => [nameOf(place), place])).values()];
    const rows = await readRollupAtOnce(client, { ...shape, places });
    return asked.map((place) => rows.filter((row) => nameOf(row) === nameOf(place)));
  };
  return new DataLoader((places) => gate.leaveAfter(read(places)), {
    cache: false,
    maxBatchSize: ROLLUP_BATCH_MAX,
    batchScheduleFn: (dispatch) => gate.enter(dispatch),
  });
}

/** Names of cities and districts are tokens without a slash. */
function nameOf({ city, district }: { readonly city: string; readonly district?: string | null | undefined }): string {
  return `${city}/${district ?? ''}`;
}
