/**
 * The real nats-server with JetStream and MQTT on the loopback interface, through its guard (guard.child.ts).
 *
 * Boundary: writes its configuration, starts and asks it; when to do so is supervised-server.ts's.
 * The numbers are those of infra/nats (both come from model/limits.ts).
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { explain } from '../model/errors.ts';
import {
  BROKER_PENDING_BYTES_MAX,
  BROKER_STORE_BYTES_MAX,
  BROKER_WRITE_DEADLINE_S,
  DISK_FREE_BYTES_MIN,
  HEALTH_INTERVAL_MS,
  MESSAGE_BYTES_MAX,
  MQTT_ACK_PENDING_MAX,
  SERVER_LOG_BYTES_MAX,
  SERVER_STOP_MS_MAX,
} from '../model/limits.ts';
import { goneChild, spawnChild } from './child.ts';
import { forgetMonitors } from './broker-monitor.ts';
import { brokerPid, brokerPidFile, type DataFolder, freeBytes } from './data-folder.ts';
import type { GuardMessage } from './guard.child.ts';
import { isInLog, lastWords, type Traces, traces } from './last-words.ts';
import { LOOPBACK } from './ports.ts';
import { endOurs, signalOurs } from './processes.ts';
import type { Server, ServerRun } from './server.ts';

/** A stream that once could not be written takes nothing more until the server is started anew, though space is free. */
const CANNOT_WRITE = /no space left on device|disk quota exceeded/i;
const JETSTREAM_INFO = '$JS.API.INFO';

export function natsServer(binary: string, config: Config, folder: DataFolder, clock: Clock): Server {
  const configFile = join(folder.nats, 'nats-server.conf');
  const logFile = join(folder.logs, 'nats-server.log');
  const errorFile = join(folder.logs, 'nats-server.stderr.log');
  return {
    name: 'nats-server',
    logFile,
    launch: () => {
      forgetMonitors(folder.nats);
      writeFileSync(configFile, `${JSON.stringify(brokerConfig(config, folder, logFile), null, 2)}\n`);
      return run(binary, configFile, folder, traces(logFile, errorFile), clock);
    },
    answers: () => hasJetStream(config.natsPort),
  };
}

/** nats-server reads JSON. */
function brokerConfig(config: Config, folder: DataFolder, logFile: string): object {
  return {
    server_name: 'hourglass',
    listen: `${LOOPBACK}:${String(config.natsPort)}`,
    // On a port of its own choice, which it writes down (broker-monitor.ts): what it does, it says itself.
    http: `${LOOPBACK}:-1`,
    ports_file_dir: folder.nats,
    max_payload: MESSAGE_BYTES_MAX,
    max_pending: BROKER_PENDING_BYTES_MAX,
    write_deadline: `${String(BROKER_WRITE_DEADLINE_S)}s`,
    pid_file: brokerPidFile(folder.nats),
    log_file: logFile,
    logfile_size_limit: SERVER_LOG_BYTES_MAX,
    logfile_max_num: 2,
    jetstream: {
      store_dir: folder.nats,
      max_file_store: BROKER_STORE_BYTES_MAX,
      ...(config.durability === 'power' ? { sync_interval: 'always' } : {}),
    },
    mqtt: { listen: `${LOOPBACK}:${String(config.mqttPort)}`, max_ack_pending: MQTT_ACK_PENDING_MAX },
  };
}

function run(binary: string, configFile: string, folder: DataFolder, left: Traces, clock: Clock): ServerRun {
  const guard = spawnChild('guard', [binary, '-c', configFile], left.errorFile, {
    first: 'ignore',
    more: [folder.serversLock, 'ipc'],
  });
  let pid: number | null = null;
  let how: string | null = null;
  guard.on('message', (message: GuardMessage) => {
    if ('pid' in message) pid = message.pid;
    else how = message.ended;
  });
  const guardEnded = goneChild(guard).then(
    ({ code, signal }) => `its guard ended, ${signal ?? `exit code ${String(code)}`}`,
    explain,
  );
  const ended = guardEnded.then(async (guardWords) => {
    const orphan = pid ?? brokerPid(folder.nats);
    if (how === null && orphan !== null) await endOurs(orphan, configFile, SERVER_STOP_MS_MAX, clock);
    pid = null;
    return how ?? guardWords;
  });
  return {
    pid: () => pid,
    ended,
    askToEnd: () => {
      if (guard.connected) guard.disconnect();
    },
    kill: () => {
      if (pid !== null) signalOurs(pid, configFile, 'SIGKILL');
      guard.kill('SIGKILL');
    },
    lastWords: () => lastWords(left),
    ailment: () =>
      freeBytes(folder.nats) > DISK_FREE_BYTES_MIN && isInLog(left, CANNOT_WRITE)
        ? 'it could not write, and the disk has room again'
        : null,
  };
}

async function hasJetStream(port: number): Promise<boolean> {
  try {
    const timeout = HEALTH_INTERVAL_MS;
    const nc = await connect({
      servers: `${LOOPBACK}:${String(port)}`,
      name: 'hourglass/health',
      timeout,
      reconnect: false,
    });
    try {
      const answer = (await nc.request(JETSTREAM_INFO, undefined, { timeout })).json<{ error?: unknown }>();
      return answer.error === undefined;
    } finally {
      await nc.close();
    }
  } catch {
    return false;
  }
}
