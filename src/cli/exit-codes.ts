/**
 * What a command's exit code means, and the last words of one that failed.
 *
 * 0 done · 1 the answer is no (doctor found something, the books do not balance) · 2 the user's input or configuration ·
 * 3 the environment: a server, port, folder, disk · 70 a bug of ours · 130, 143 ended by SIGINT, SIGTERM before it was done.
 */
import { CommanderError } from 'commander';
import { explain, HourglassError, type Fault } from '../model/errors.ts';

export const EXIT = { ok: 0, no: 1, user: 2, environment: 3, internal: 70, interrupted: 130, terminated: 143 } as const;

const BY_FAULT: Record<Fault, number> = { user: EXIT.user, environment: EXIT.environment, internal: EXIT.internal };

/** Says on standard error what went wrong and what to do; gives the exit code. */
export function lastWords(error: unknown): number {
  // commander has already said what it has to say.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.user;
  if (error instanceof HourglassError) {
    console.error(`hourglass: ${explain(error)}`);
    return BY_FAULT[error.fault];
  }
  console.error('hourglass: this is a bug, please report it with these lines:');
  console.error(error);
  return EXIT.internal;
}
