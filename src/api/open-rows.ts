/**
 * Whether the table has rows of hours that are still open: nearly always it has none, and then it need not be asked.
 *
 * Job: one look for all questions, instead of one each. Boundary: the table; what is in the workers' memory is theirs to say.
 * Invariant 8, why a look may be used again: of hours that are not final a question reads the rows of confirmed blocks and leaves out
 * all others. Which blocks are confirmed, the workers' edges say, and a confirmed block is in the table and does not change. So with
 * the same edges the same rows are there, whenever the look was taken. A look is forgotten after OPEN_ROWS_AGE_MS_MAX all
 * the same: an operator may delete rows, and a stream from before may have left blocks that are still being inserted.
 */
import { LRUCache } from 'lru-cache';
import { OPEN_ROWS_AGE_MS_MAX, OPEN_ROWS_LOOKS_MAX } from '../model/limits.ts';
import type { ApiDeps } from './ports.ts';
import { type HiddenBlocks, readOpenCities } from './queries/hourly-facts.ts';

/** The cities that have rows which are not hidden, of hours from the hidden ones' first on. */
export type OpenCitiesReader = (hidden: HiddenBlocks) => Promise<ReadonlySet<string>>;

/** @returns null where nothing is kept: each question then reads its own rows. */
export function openCitiesOf({
  clickhouse,
  clock,
  dataVersion,
}: Pick<ApiDeps, 'clickhouse' | 'clock' | 'dataVersion'>): OpenCitiesReader | null {
  if (dataVersion === undefined) return null;
  const looks = new LRUCache<string, ReadonlySet<string>, HiddenBlocks>({
    max: OPEN_ROWS_LOOKS_MAX,
    ttl: OPEN_ROWS_AGE_MS_MAX,
    ttlResolution: 0,
    perf: { now: () => clock.monotonicMs() },
    ignoreFetchAbort: true,
    fetchMethod: (_key, _old, { context }) => readOpenCities(clickhouse, context),
  });
  return (hidden) => looks.forceFetch(nameOf(hidden), { context: hidden });
}

function nameOf({ fromHour, incarnation, edges }: HiddenBlocks): string {
  const blocks = edges
    .map(
      ({ partition, nextBlock, unconfirmed }) => `${String(partition)}:${String(nextBlock)}-${unconfirmed.join('-')}`,
    )
    .sort();
  return `${String(incarnation)} ${String(fromHour)} ${blocks.join(' ')}`;
}
