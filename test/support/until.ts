/** Waits for a condition, with a deadline. Boundary: tests only; the one place where they let time pass. */
import { setTimeout as pause } from 'node:timers/promises';

const LOOK_MS = 25;

/** @throws where it does not hold in time, saying what. */
export async function until(what: string, msMax: number, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + msMax;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${String(msMax)} ms: ${what}`);
    await pause(LOOK_MS);
  }
}
