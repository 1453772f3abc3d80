/**
 * What a server complained of last: the telling lines of its log, and its standard error, since its run began.
 *
 * Boundary: reads a few kilobytes; a file that is missing or was rotated away counts as silence.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, statSync } from 'node:fs';

const TAIL_BYTES = 16 * 1024;
const LINES = 4;
const LINE_CHARS = 400;
/** Levels of nats-server, exceptions and levels of ClickHouse. */
const TELLING = /\[FTL\]|\[ERR\]|DB::Exception|<Fatal>|<Error>/;
const NOISE = /^\s*$|^Logging (?:\w+ )?to |^\d+\. .*@ 0x/;

/** Where a server writes during one run. */
export interface Traces {
  readonly logFile: string;
  /** Bytes of the log that are of earlier runs. */
  readonly logFrom: number;
  /** Written anew by each run. */
  readonly errorFile: string;
}

/** To be called before the run begins. */
export function traces(logFile: string, errorFile: string): Traces {
  return { logFile, logFrom: existsSync(logFile) ? statSync(logFile).size : 0, errorFile };
}

/** A few lines, newest last; none where it said nothing of note. */
export function lastWords({ logFile, logFrom, errorFile }: Traces): string[] {
  const log = linesSince(logFile, logFrom).filter((line) => TELLING.test(line));
  const errors = linesSince(errorFile, 0).filter((line) => !NOISE.test(line));
  return [...log, ...errors].slice(-LINES).map((line) => line.trim().slice(0, LINE_CHARS));
}

/** Does one of the last lines of the log match? */
export function isInLog({ logFile, logFrom }: Traces, pattern: RegExp): boolean {
  return linesSince(logFile, logFrom).some((line) => pattern.test(line));
}

/** The last kilobytes of what was written after `from`. */
function linesSince(file: string, from: number): string[] {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const { size } = fstatSync(descriptor);
      // Smaller than before: another file by that name.
      const start = Math.max(size < from ? 0 : from, size - TAIL_BYTES);
      const bytes = Buffer.alloc(size - start);
      return bytes.toString('utf8', 0, readSync(descriptor, bytes, 0, bytes.length, start)).split('\n');
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return [];
  }
}
