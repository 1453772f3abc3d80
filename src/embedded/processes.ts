/**
 * Processes that are not our direct children, known by their id: are they ours, and end them.
 *
 * Invariant: nothing is signalled whose command line does not name the file or folder that only ours names: ids are
 * used again.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Clock } from '../model/clock.ts';

const POLL_MS = 20;

/** True while the process runs and its command line holds `mark`. */
export function isOurs(pid: number, mark: string): boolean {
  return commandLine(pid)?.includes(mark) ?? false;
}

/** False where there was nothing (of ours) to signal. */
export function signalOurs(pid: number, mark: string, signal: NodeJS.Signals): boolean {
  if (!isOurs(pid, mark)) return false;
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Asks to end, kills after `ms`; resolves when it is gone. */
export async function endOurs(pid: number, mark: string, ms: number, clock: Clock): Promise<void> {
  if (!signalOurs(pid, mark, 'SIGTERM')) return;
  const killAtMs = clock.monotonicMs() + ms;
  while (isOurs(pid, mark)) {
    if (clock.monotonicMs() > killAtMs) signalOurs(pid, mark, 'SIGKILL');
    await clock.sleep(POLL_MS);
  }
}

/** Null where there is no such process (or only what its parent has not yet taken note of). */
function commandLine(pid: number): string | null {
  try {
    if (process.platform === 'linux') return readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').replaceAll('\0', ' ');
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
  } catch {
    return null;
  }
}
