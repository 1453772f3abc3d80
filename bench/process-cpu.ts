/** CPU time of a process, from /proc. Boundary: Linux; elsewhere NaN. */
import { readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second, whatever the kernel's clock. */
const TICK_MS = 10;

/** User and system time of all its threads, ms, with that of its children that have ended. */
export function cpuMsOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name stands in brackets and may hold anything; utime is the 14th field of all, stime the 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return [11, 12, 13, 14].reduce((sum, at) => sum + Number(fields[at]), 0) * TICK_MS;
  } catch {
    return NaN;
  }
}
