/** Waits until workers and tables are as far as a benchmark needs. Boundary: asks, as the API does. */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkerQueries } from '../src/model/cluster.ts';
import { addLedger, emptyLedger, type LedgerTotals } from '../src/model/ledger.ts';

export const LOOK_MS = 20;

export async function totalsOf(workers: WorkerQueries): Promise<LedgerTotals> {
  const totals = emptyLedger();
  for (const status of await workers.status()) addLedger(totals, status.totals);
  return totals;
}

/** Gives the monotonic ms when it held. @throws after a while. */
export async function waitUntil(what: string, msMax: number, holds: () => Promise<boolean> | boolean): Promise<number> {
  const deadline = performance.now() + msMax;
  for (;;) {
    if (await holds()) return performance.now();
    if (performance.now() > deadline) throw new Error(`not within ${String(msMax)} ms: ${what}`);
    await pause(LOOK_MS);
  }
}
