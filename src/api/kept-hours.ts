/**
 * Hours of districts and cities: days that were compacted as they lie there, the newest of many places together, all else as it is asked.
 *
 * Boundary: the same rows as readRollup. Where no answer is kept, they are readRollup's, and nothing is kept here.
 */
import { hourOf } from '../model/hour.ts';
import { ROLLUP_TOGETHER_HOURS } from '../model/limits.ts';
import type { AnsweredDeps } from './answers/answers.ts';
import { type CompactedDeps, compactedRollups, inOrder } from './compacted-rollups.ts';
import { keptForMoments } from './kept-for-moments.ts';
import type { CompactedFigures } from './queries/compacted.ts';
import type { Placed } from './queries/places.ts';
import { placesTogether } from './queries/places-together.ts';
import { readRollup, readRollupAtOnce, type RollupAsk, type RollupFigures } from './queries/rollups.ts';

type Row = RollupFigures & Placed;
/** @param final the first hour that was not final when somebody asked: figures that are read for it have all hours before. */
export type RollupReader = (ask: RollupAsk, final: number) => Promise<Row[]>;

export function keptHours(
  deps: Pick<AnsweredDeps, 'clickhouse' | 'clock' | 'dataVersion' | 'flushes' | 'tablesAreSettled' | 'figuresGate'> &
    CompactedDeps,
): RollupReader {
  const { clickhouse, clock, dataVersion, figuresGate: gate } = deps;
  const readNewest = placesTogether(gate, (ask: RollupAsk) => readRollupAtOnce(clickhouse, ask));
  const read = (ask: RollupAsk): Promise<Row[]> =>
    ask.places.length === 1 && ask.from >= hourOf(clock.nowMs()) - ROLLUP_TOGETHER_HOURS
      ? readNewest(ask)
      : gate.pass(() => readRollup(clickhouse, ask));
  if (dataVersion === undefined) return read;
  const readNow = keptForMoments(deps, dataVersion, read);
  const readCut = compactedRollups(deps, 'hour');
  return async (ask, final) => {
    const cut = await readCut(ask, final, (span) => readNow({ ...ask, ...span }, final));
    if (cut === null) return readNow(ask, final);
    return inOrder([...cut.compacted.map(figuresOf), ...cut.others], ({ period }) => period, ask.limit);
  };
}

function figuresOf(row: CompactedFigures): Row {
  const { city, district, kind, begins: period, count, sum, min, max, sensors, revision } = row;
  const mean = sum === null ? null : sum / count;
  return { city, district, kind, period, count, sum, min, max, mean, sensors, revision };
}
