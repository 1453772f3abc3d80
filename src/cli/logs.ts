/**
 * Where words go: JSON lines to `<data>/logs/hourglass.log`, short human lines to the terminal.
 *
 * Boundary: makes a {@link Log}. A log file above a size moves aside at the next start, so two of them are kept. A file that cannot be
 * written any more (the disk is full) is said on the terminal once, and ends nothing: its lines are kept for it, up to a bound.
 */
import { existsSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import pretty from 'pino-pretty';
import { makeFolder } from '../embedded/make-folder.ts';
import { EnvironmentError } from '../model/errors.ts';
import { LOG_FILE_BYTES_MAX, LOG_WAITING_CHARS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { Terminal } from './terminal.ts';

export interface Logs extends Log {
  /** All that was said is in the file. */
  close(): void;
}

/** @param file null: to the terminal only. @throws {EnvironmentError} where the file cannot be written. */
export function openLogs(file: string | null, terminal: Terminal): Logs {
  const lines = new Writable({
    decodeStrings: false,
    write: (chunk: unknown, _encoding, done) => {
      terminal.line(String(chunk).trimEnd());
      done();
    },
  });
  const human = pretty({
    colorize: process.stdout.isTTY && process.env['NO_COLOR'] === undefined,
    ignore: 'pid,hostname',
    translateTime: 'SYS:HH:MM:ss',
    singleLine: true,
    destination: lines,
  });
  const destination = file === null ? null : openFile(file, (problem) => terminal.line(problem));
  const streams: pino.StreamEntry[] = [{ level: 'info', stream: human }];
  if (destination !== null) streams.push({ level: 'debug', stream: destination });
  const log = pino({ level: 'debug', base: { pid: process.pid } }, pino.multistream(streams));
  return {
    debug: (text) => log.debug(text),
    info: (text) => log.info(text),
    warn: (text) => log.warn(text),
    error: (text) => log.error(text),
    close: () => destination?.end(),
  };
}

function openFile(file: string, sayOnce: (problem: string) => void): ReturnType<typeof pino.destination> {
  let isSaid = false;
  try {
    makeFolder(dirname(file));
    if (existsSync(file) && statSync(file).size > LOG_FILE_BYTES_MAX) renameSync(file, `${file}.1`);
    // Few lines, none of them on the way of a reading: written at once, so that none is lost with the process.
    const destination = pino.destination({ dest: file, sync: true, maxLength: LOG_WAITING_CHARS_MAX });
    destination.on('error', (error: Error) => {
      if (!isSaid)
        sayOnce(`The log ${file} cannot be written: ${error.message}. Free some room; until then, look here.`);
      isSaid = true;
    });
    return destination;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EnvironmentError(
      `cannot write ${file}: ${reason}`,
      'Set HOURGLASS_DATA_DIR to a folder that can be written.',
      {
        cause,
      },
    );
  }
}
