/**
 * What the table has of hours that are still open: nearly always nothing, and then it need not be asked.
 *
 * Job: one look for all questions, instead of one each; and where the table has some, one look for all that ask the same. Boundary: the
 * table; what is in the workers' memory is theirs to say.
 * Invariant 8, why a look may be used again: of hours that are not final a question reads the rows of confirmed blocks and leaves out
 * all others. Which blocks are confirmed, the workers' edges say, and a confirmed block is in the table and does not change. So with
 * the same edges the same rows are there, whenever the look was taken. A look is forgotten after OPEN_ROWS_AGE_MS_MAX all
 * the same: an operator may delete rows, and a stream from before may have left blocks that are still being inserted.
 */
import { LRUCache } from 'lru-cache';
import { OPEN_ROWS_AGE_MS_MAX, OPEN_ROWS_KEPT_MAX, OPEN_ROWS_LOOKS_MAX } from '../model/limits.ts';
import { inGoodTimeOf } from './in-good-time.ts';
import type { ApiDeps } from './ports.ts';
import {
  type FactsAsk,
  type HiddenBlocks,
  type HourSum,
  readHourFacts,
  readOpenCities,
} from './queries/hourly-facts.ts';

/** Hours that are all open. */
type OpenAsk = FactsAsk & { readonly hidden: HiddenBlocks };
/** Rows of the table that are not hidden, as {@link readHourFacts} gives them. They are the caller's own. */
export type OpenFactsReader = (ask: OpenAsk) => Promise<HourSum[]>;

/** @returns null where nothing is kept: each question then reads its own rows. */
export function openFactsOf({
  clickhouse,
  clock,
  dataVersion,
}: Pick<ApiDeps, 'clickhouse' | 'clock' | 'dataVersion'>): OpenFactsReader | null {
  if (dataVersion === undefined) return null;
  const bounds = {
    ttl: OPEN_ROWS_AGE_MS_MAX,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    ignoreFetchAbort: true,
  };
  /** The cities that have rows. */
  const cities = new LRUCache<string, ReadonlySet<string>, HiddenBlocks>({
    ...bounds,
    max: OPEN_ROWS_LOOKS_MAX,
    fetchMethod: (_key, _old, { context }) => readOpenCities(clickhouse, context),
  });
  const facts = new LRUCache<string, readonly HourSum[], OpenAsk>({
    ...bounds,
    maxSize: OPEN_ROWS_KEPT_MAX,
    sizeCalculation: (rows) => rows.length + 1,
    fetchMethod: (_key, _old, { context }) => readHourFacts(clickhouse, context),
  });
  return async (ask) => {
    const { hidden, filter, series, fromHour, toHour, after, limit } = ask;
    const blocks = nameOf(hidden);
    const found = await cities.forceFetch(blocks, { context: hidden, ...inGoodTimeOf(cities, blocks, ageMsMaxOf) });
    if (filter.city === undefined ? found.size === 0 : !found.has(filter.city)) return [];
    // Lists of series are made for one question.
    if (series !== undefined) return readHourFacts(clickhouse, ask);
    const key = `${blocks} ${JSON.stringify([filter, fromHour, toHour, after, limit])}`;
    const rows = await facts.forceFetch(key, { context: ask, ...inGoodTimeOf(facts, key, ageMsMaxOf) });
    return rows.map((row) => ({ ...row, total: { ...row.total } }));
  };
}

const ageMsMaxOf = (): number => OPEN_ROWS_AGE_MS_MAX;

function nameOf({ fromHour, incarnation, edges }: HiddenBlocks): string {
  const blocks = edges
    .map(
      ({ partition, nextBlock, unconfirmed }) => `${String(partition)}:${String(nextBlock)}-${unconfirmed.join('-')}`,
    )
    .sort();
  return `${String(incarnation)} ${String(fromHour)} ${blocks.join(' ')}`;
}
