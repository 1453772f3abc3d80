/**
 * The folder of the embedded servers: made, checked, and ours alone while we run.
 *
 * Job: `nats/`, `clickhouse/`, `logs/`, and two locks. `hourglass.lock` is held by the program: a second one is refused.
 * `servers.lock` is held by the program and by each of its servers: it is free when all of an earlier run have ended,
 * however that run ended. Boundary: files only; knows the servers by the process ids they leave here.
 */
import { accessSync, closeSync, constants, readFileSync, realpathSync, statfsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Clock } from '../model/clock.ts';
import { EnvironmentError, explain } from '../model/errors.ts';
import { DISK_LOW_BYTES, EARLIER_SERVERS_MS_MAX, SERVER_STOP_MS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { takeLock } from './file-lock.ts';
import { makeFolder } from './make-folder.ts';
import { isOurs, signalOurs } from './processes.ts';

const POLL_MS = 20;

export interface DataFolder {
  readonly path: string;
  readonly nats: string;
  readonly clickhouse: string;
  readonly logs: string;
  /** Descriptor that each server inherits. */
  readonly serversLock: number;
  release(): void;
}

/**
 * @param freeMin bytes that must be free on its disk.
 * @throws {EnvironmentError} where the folder cannot be written, its disk is full, or another program uses it.
 */
export async function openDataFolder(dataDir: string, freeMin: number, clock: Clock, log: Log): Promise<DataFolder> {
  const path = makeFolders(resolve(dataDir), freeMin);
  checkDisk(path, freeMin, log);
  const own = await takeLock(join(path, 'hourglass.lock'));
  if (own === null) {
    throw new EnvironmentError(
      `the data folder ${path} is in use by another hourglass (process ${readOwner(path)})`,
      'Stop it, or set HOURGLASS_DATA_DIR (and the ports) to others.',
    );
  }
  try {
    writeFileSync(ownerFile(path), String(process.pid));
    const serversLock = await takeServersLock(path, clock, log);
    return {
      path,
      nats: join(path, 'nats'),
      clickhouse: join(path, 'clickhouse'),
      logs: join(path, 'logs'),
      serversLock,
      release: () => {
        closeSync(serversLock);
        closeSync(own);
      },
    };
  } catch (error) {
    closeSync(own);
    throw error;
  }
}

/** Free bytes for us on the disk of a folder; infinite where it cannot be asked. */
export function freeBytes(folder: string): number {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

function makeFolders(folder: string, freeMin: number): string {
  try {
    for (const part of ['nats', 'clickhouse', 'logs']) {
      makeFolder(join(folder, part));
      accessSync(join(folder, part), constants.R_OK | constants.W_OK | constants.X_OK);
    }
    // The servers' command lines name this path; it must be the same one however the folder was reached.
    return realpathSync(folder);
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOSPC') throw diskFull(folder, 0, freeMin);
    throw new EnvironmentError(
      `the data folder ${folder} cannot be written: ${explain(cause)}`,
      'Set HOURGLASS_DATA_DIR to a folder that can be written.',
      { cause },
    );
  }
}

function checkDisk(folder: string, freeMin: number, log: Log): void {
  const free = freeBytes(folder);
  if (free < freeMin) throw diskFull(folder, free, freeMin);
  if (free < DISK_LOW_BYTES) log.warn(`the disk of ${folder} is nearly full: ${mebibytes(free)} free`);
}

function diskFull(folder: string, free: number, freeMin: number): EnvironmentError {
  return new EnvironmentError(
    `the disk of ${folder} is full: ${mebibytes(free)} free, at least ${mebibytes(freeMin)} are needed`,
    'Free some, or set HOURGLASS_DATA_DIR to a folder on another disk.',
    { retry: true },
  );
}

export function mebibytes(bytes: number): string {
  return `${String(Math.floor(bytes / 1024 ** 2))} MiB`;
}

function ownerFile(path: string): string {
  return join(path, 'hourglass.pid');
}

function readOwner(path: string): string {
  try {
    return readFileSync(ownerFile(path), 'utf8');
  } catch {
    return 'unknown';
  }
}

/** Waits for the servers of a run that was killed: they end by themselves; where they do not, they are killed. */
async function takeServersLock(path: string, clock: Clock, log: Log): Promise<number> {
  const file = join(path, 'servers.lock');
  const startedMs = clock.monotonicMs();
  const killAtMs = startedMs + EARLIER_SERVERS_MS_MAX;
  let said = false;
  for (;;) {
    const lock = await takeLock(file);
    if (lock !== null) return lock;
    const nowMs = clock.monotonicMs();
    if (!said) log.info('waiting for the servers of an earlier run to end ...');
    said = true;
    if (nowMs > killAtMs) for (const pid of earlierServers(path)) signalOurs(pid, path, 'SIGKILL');
    if (nowMs > killAtMs + SERVER_STOP_MS_MAX) {
      const pids = earlierServers(path).filter((pid) => isOurs(pid, path));
      throw new EnvironmentError(
        `servers of an earlier run still use ${path}${pids.length === 0 ? '' : ` (processes ${pids.join(', ')})`}`,
        'End them, or set HOURGLASS_DATA_DIR to another folder.',
        { retry: true },
      );
    }
    await clock.sleep(POLL_MS);
  }
}

/** As the servers themselves wrote them down. */
function earlierServers(path: string): number[] {
  return [brokerPid(join(path, 'nats')), databasePid(join(path, 'clickhouse'))].filter((pid) => pid !== null);
}

export function brokerPidFile(folder: string): string {
  return join(folder, 'nats-server.pid');
}

export function brokerPid(folder: string): number | null {
  return readPid(brokerPidFile(folder), /^(\d+)/);
}

function databasePid(folder: string): number | null {
  return readPid(join(folder, 'status'), /^PID: (\d+)/m);
}

function readPid(file: string, pattern: RegExp): number | null {
  try {
    const pid = Number(pattern.exec(readFileSync(file, 'utf8'))?.[1]);
    return Number.isSafeInteger(pid) && pid > 1 ? pid : null;
  } catch {
    return null;
  }
}
