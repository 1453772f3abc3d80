import { describe, expect, it } from 'vitest';
import { PROGRESS_FAIL_MS, PROGRESS_REBUILD_MS } from '../model/limits.ts';
import { type Progress, ProgressWatch } from './progress-watch.ts';

const LOOK_MS = 100;

/** What comes out of looks from one time to another, `fine` left out. */
function outcomes(see: (nowMs: number) => [position: number, isDue: boolean], untilMs: number): [number, Progress][] {
  const watch = new ProgressWatch();
  const found: [number, Progress][] = [];
  for (let nowMs = 0; nowMs <= untilMs; nowMs += LOOK_MS) {
    const progress = watch.look(nowMs, ...see(nowMs));
    if (progress !== 'fine') found.push([nowMs, progress]);
    if (progress === 'fail') break;
  }
  return found;
}

describe('a host whose position stands still while messages wait', () => {
  it('gets a new source, once, and is given up where that does not help', () => {
    expect(outcomes(() => [7, true], 2 * PROGRESS_FAIL_MS)).toEqual([
      [PROGRESS_REBUILD_MS, 'rebuild'],
      [PROGRESS_FAIL_MS, 'fail'],
    ]);
  });

  it('is fine where the new source helps, and gets another one where it stands still again', () => {
    const helps = (nowMs: number): [number, boolean] => [nowMs <= PROGRESS_REBUILD_MS ? 7 : 8, true];
    expect(outcomes(helps, PROGRESS_FAIL_MS)).toEqual([
      [PROGRESS_REBUILD_MS, 'rebuild'],
      [2 * PROGRESS_REBUILD_MS + LOOK_MS, 'rebuild'],
    ]);
  });

  it('is not to blame while nothing waits, the pull is held or the broker is away', () => {
    expect(outcomes(() => [7, false], 10 * PROGRESS_FAIL_MS)).toEqual([]);
    const nowAndThen = (nowMs: number): [number, boolean] => [7, nowMs % PROGRESS_REBUILD_MS > 1_000];
    expect(outcomes(nowAndThen, 10 * PROGRESS_FAIL_MS)).toEqual([]);
  });
});
