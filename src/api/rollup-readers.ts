/**
 * The readers of rollups that all routes and GraphQL share: what one of them has read, the others need not read.
 *
 * Boundary: put together here, once for an app; each says itself what it keeps.
 */
import type { AnsweredDeps } from './answers/answers.ts';
import type { CivilReader } from './civil-by-month.ts';
import { keptCivil } from './kept-civil.ts';
import { keptKnownSensors, type KnownSensorsReader } from './kept-known-sensors.ts';
import { keptHours, type RollupReader } from './kept-hours.ts';

export interface RollupReaders {
  readonly readRollup: RollupReader;
  readonly readCivil: CivilReader;
  readonly readKnownSensors: KnownSensorsReader;
}

/** The ports, with the readers. */
export interface RollupDeps extends AnsweredDeps {
  readonly rollups: RollupReaders;
}

export function addRollupReaders(deps: AnsweredDeps): RollupDeps {
  const rollups = {
    readRollup: keptHours(deps),
    readCivil: keptCivil(deps),
    readKnownSensors: keptKnownSensors(deps),
  };
  return { ...deps, rollups };
}
