/**
 * The real ClickHouse engine behind its HTTP interface on the loopback interface, in a child (clickhouse.child.ts).
 *
 * Boundary: writes its configuration, starts and asks it; when to do so is supervised-server.ts's.
 */
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import type { Config } from '../model/config.ts';
import {
  DATABASE_MARK_CACHE_BYTES,
  DATABASE_MEMORY_SHARE,
  DATABASE_MERGE_THREADS,
  DATABASE_TASK_THREADS,
  HEALTH_INTERVAL_MS,
  SERVER_LOG_BYTES_MAX,
} from '../model/limits.ts';
import { spawnChild } from './child.ts';
import type { DataFolder } from './data-folder.ts';
import { lastWords, type Traces, traces } from './last-words.ts';
import { LOOPBACK } from './ports.ts';
import type { Server, ServerRun } from './server.ts';

type Settings = { readonly [name: string]: string | number | Settings };

export function clickhouseServer(library: string, config: Config, folder: DataFolder): Server {
  const configFile = join(folder.clickhouse, 'clickhouse.xml');
  const logFile = join(folder.logs, 'clickhouse.log');
  const errorFile = join(folder.logs, 'clickhouse.stderr.log');
  // The level is taken from the command line alone.
  const options = [`--path=${folder.clickhouse}`, `--config-file=${configFile}`, '--log-level=information'];
  return {
    name: 'ClickHouse',
    logFile,
    launch: () => {
      writeFileSync(configFile, `${xml('clickhouse', databaseConfig(config, logFile))}\n`);
      const left = traces(logFile, errorFile);
      const child = spawnChild('clickhouse', [library, String(process.pid), ...options], errorFile, {
        first: 'pipe',
        more: [folder.serversLock],
        env: { TZ: 'UTC' },
      });
      return run(child, left);
    },
    answers: () => ping(config.clickhousePort),
  };
}

function databaseConfig(config: Config, logFile: string): Settings {
  return {
    listen_host: LOOPBACK,
    http_port: config.clickhousePort,
    logger: { log: logFile, size: SERVER_LOG_BYTES_MAX, count: 1 },
    max_server_memory_usage_to_ram_ratio: DATABASE_MEMORY_SHARE,
    mark_cache_size: DATABASE_MARK_CACHE_BYTES,
    background_pool_size: DATABASE_MERGE_THREADS,
    background_schedule_pool_size: DATABASE_TASK_THREADS,
    merge_tree: {
      // Their defaults suppose a larger pool: with fewer threads they would keep mutations from ever running.
      number_of_free_entries_in_pool_to_execute_mutation: DATABASE_MERGE_THREADS - 1,
      number_of_free_entries_in_pool_to_execute_optimize_entire_partition: DATABASE_MERGE_THREADS - 1,
      number_of_free_entries_in_pool_to_lower_max_size_of_merge: DATABASE_MERGE_THREADS - 2,
    },
  };
}

function xml(name: string, value: string | number | Settings): string {
  if (typeof value === 'object')
    return `<${name}>${Object.entries(value)
      .map(([key, child]) => xml(key, child))
      .join('\n')}</${name}>`;
  const text = String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<${name}>${text}</${name}>`;
}

function run(child: ChildProcess, left: Traces): ServerRun {
  // Writing nothing, we still hear when the other end is gone.
  child.stdin?.on('error', () => undefined);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${String(code)}`));
  });
  return {
    pid: () => (child.exitCode === null && child.signalCode === null ? (child.pid ?? null) : null),
    ended,
    askToEnd: () => {
      child.stdin?.end();
    },
    kill: () => {
      child.kill('SIGKILL');
    },
    lastWords: () => lastWords(left),
    // It writes again as soon as the disk has room.
    ailment: () => null,
  };
}

function ping(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const request = get({ host: LOOPBACK, port, path: '/ping', agent: false, timeout: HEALTH_INTERVAL_MS });
    request.once('response', (response) => {
      response.resume();
      answer(response.statusCode === 200);
    });
    request.once('timeout', () => request.destroy());
    request.once('error', () => answer(false));
    request.once('close', () => answer(false));
  });
}
