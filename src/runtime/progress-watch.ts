/**
 * Whether a host gets on while messages wait for it.
 *
 * Job: sees a thread that lives and reports, but whose position stands still: first its source is made anew, then the
 * host is given up. Boundary: pure; the host tells what it sees and does what comes out.
 * Invariant: time in which nothing can come (the pull is held, the broker is away, nothing waits) does not count.
 */
import { PROGRESS_FAIL_MS, PROGRESS_REBUILD_MS } from '../model/limits.ts';

/** `rebuild`: make the source anew. `fail`: drop the memory and start the thread anew. */
export type Progress = 'fine' | 'rebuild' | 'fail';

export class ProgressWatch {
  #position = -1;
  #movedMs: number | null = null;
  #isRebuilt = false;

  /**
   * @param nowMs monotonic.
   * @param position anything that changes with every message taken.
   * @param isDue true where messages wait and can come.
   */
  look(nowMs: number, position: number, isDue: boolean): Progress {
    const hasMoved = position !== this.#position;
    this.#position = position;
    if (hasMoved || !isDue || this.#movedMs === null) {
      this.#movedMs = nowMs;
      // A source that was made anew and still waits has not shown yet that it is better.
      if (hasMoved || !isDue) this.#isRebuilt = false;
      return 'fine';
    }
    const stoodMs = nowMs - this.#movedMs;
    if (stoodMs >= PROGRESS_FAIL_MS) return 'fail';
    if (stoodMs < PROGRESS_REBUILD_MS || this.#isRebuilt) return 'fine';
    this.#isRebuilt = true;
    return 'rebuild';
  }
}
