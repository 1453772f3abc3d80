/**
 * The embedded servers of one machine: the real nats-server and the real ClickHouse engine, from npm packages, as child
 * processes that never outlive their parent. Only those are started whose URL is not configured.
 *
 * Delivery guarantees: data survive a restart and `kill -9` of any of the processes. With durability `power`, the broker
 * syncs before it acknowledges; the tables' own settings see to the database.
 * What dies is started again on the same port and data (supervised-server.ts); clients reconnect.
 */
import { type Clock, systemClock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { EnvironmentError } from '../model/errors.ts';
import { DISK_FREE_BYTES_MIN, DISK_INTERVAL_MS, DISK_LOW_BYTES } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { libchdbFile, natsServerBinary } from './binaries.ts';
import { clickhouseServer } from './clickhouse-server.ts';
import { type DataFolder, freeBytes, mebibytes, openDataFolder } from './data-folder.ts';
import { natsServer } from './nats-server.ts';
import { checkPorts, LOOPBACK, type WantedPort } from './ports.ts';
import { SupervisedServer } from './supervised-server.ts';

export interface Embedded {
  /** Ours, or the configured one as it is. */
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  /** Process ids; null where the server is external or just not running. */
  natsPid(): number | null;
  clickhousePid(): number | null;
  /** How often a server was started anew. */
  restarts(): number;
  /** Ends both; resolves when they are gone. Their data stay. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  readonly clock?: Clock;
  /** Where programs are looked for: HOURGLASS_NATS_SERVER_BIN, HOURGLASS_LIBCHDB, PATH. */
  readonly env?: NodeJS.ProcessEnv;
  /** Free bytes of the disk below which nothing is started. */
  readonly diskFreeBytesMin?: number;
}

/**
 * Resolves when both answer. When it throws, nothing runs.
 *
 * @throws {EnvironmentError} port in use, folder not writable or in use, disk full, no program for this platform.
 */
export async function startEmbedded(
  config: Config,
  log: Log,
  { clock = systemClock, env = process.env, diskFreeBytesMin = DISK_FREE_BYTES_MIN }: EmbeddedOptions = {},
): Promise<Embedded> {
  const binary = config.natsUrl === null ? natsServerBinary(env) : null;
  const library = config.clickhouseUrl === null ? libchdbFile(env) : null;
  if (binary === null && library === null) return embedded(config, null, null, () => Promise.resolve());
  refuseWindows();

  const folder = await openDataFolder(config.dataDir, diskFreeBytesMin, clock, log);
  const nats = binary === null ? null : new SupervisedServer(natsServer(binary, config, folder, clock), clock, log);
  const clickhouse =
    library === null ? null : new SupervisedServer(clickhouseServer(library, config, folder), clock, log);
  const servers = [nats, clickhouse].filter((server) => server !== null);
  const watch = new AbortController();
  const stop = async (): Promise<void> => {
    if (watch.signal.aborted) return;
    watch.abort();
    await Promise.all(servers.map((server) => server.stop()));
    folder.release();
  };
  try {
    await checkPorts(wantedPorts(config));
    const starts = await Promise.allSettled(servers.map((server) => server.start()));
    const failed = starts.find((start) => start.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  } catch (error) {
    await stop();
    throw error;
  }
  void watchDisk(folder, clock, log, watch.signal);
  return embedded(config, nats, clickhouse, stop);
}

function embedded(
  config: Config,
  nats: SupervisedServer | null,
  clickhouse: SupervisedServer | null,
  stop: () => Promise<void>,
): Embedded {
  return {
    natsUrl: config.natsUrl ?? `nats://${LOOPBACK}:${String(config.natsPort)}`,
    clickhouseUrl: config.clickhouseUrl ?? `http://${LOOPBACK}:${String(config.clickhousePort)}`,
    natsPid: () => nats?.pid() ?? null,
    clickhousePid: () => clickhouse?.pid() ?? null,
    restarts: () => (nats?.restarts() ?? 0) + (clickhouse?.restarts() ?? 0),
    stop,
  };
}

function wantedPorts(config: Config): WantedPort[] {
  const broker = [
    { variable: 'HOURGLASS_NATS_PORT', port: config.natsPort },
    { variable: 'HOURGLASS_MQTT_PORT', port: config.mqttPort },
  ];
  const database = [{ variable: 'HOURGLASS_CLICKHOUSE_PORT', port: config.clickhousePort }];
  return [...(config.natsUrl === null ? broker : []), ...(config.clickhouseUrl === null ? database : [])];
}

/** There, nothing would keep two programs apart, or end a server with its parent. */
function refuseWindows(): void {
  if (process.platform !== 'win32') return;
  throw new EnvironmentError(
    'the embedded servers need Linux or macOS',
    'Use WSL, or run both servers yourself and set HOURGLASS_NATS_URL and HOURGLASS_CLICKHOUSE_URL.',
  );
}

/** Says once when the disk gets low, once when it is full, and when it has room again. */
async function watchDisk(folder: DataFolder, clock: Clock, log: Log, signal: AbortSignal): Promise<void> {
  type State = 'enough' | 'low' | 'full';
  let before: State = freeBytes(folder.path) < DISK_LOW_BYTES ? 'low' : 'enough';
  while (!signal.aborted) {
    await clock.sleep(DISK_INTERVAL_MS, signal);
    const free = freeBytes(folder.path);
    const now: State = free < DISK_FREE_BYTES_MIN ? 'full' : free < DISK_LOW_BYTES ? 'low' : 'enough';
    if (now === before || signal.aborted) continue;
    before = now;
    const text = `${mebibytes(free)} free on the disk of ${folder.path}`;
    if (now === 'full') log.error(`${text}: free some, or readings will be refused`);
    else if (now === 'low') log.warn(`${text}: nearly full`);
    else log.info(text);
  }
}
