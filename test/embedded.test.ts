/**
 * The embedded servers, as real processes: they start, keep their data, come back when killed, and end with their parent.
 *
 * Boundary: src/embedded from outside. Which program is taken is binaries.test.ts's, when it is started anew
 * supervised-server.test.ts's.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Embedded, type EmbeddedOptions, startEmbedded } from '../src/embedded/embedded.ts';
import { isOurs } from '../src/embedded/processes.ts';
import { type Config, readConfig } from '../src/model/config.ts';
import { explain } from '../src/model/errors.ts';
import { MESSAGE_BYTES_MAX } from '../src/model/limits.ts';
import type { Log } from '../src/model/log.ts';
import { freePorts } from './support/ports.ts';

const WAIT = { timeout: 15_000, interval: 20 };
/** A program that only runs the servers: prints their process ids; asked by SIGINT, it says whether both answer, and ends. */
const PARENT = `
import { startEmbedded } from ${JSON.stringify(new URL('../dist/embedded/embedded.js', import.meta.url).href)};
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const embedded = await startEmbedded(JSON.parse(process.argv[1]), silent);
const say = (what) => console.log(JSON.stringify(what));
process.on('SIGINT', async () => {
  const ping = await fetch(embedded.clickhouseUrl + '/ping', { headers: { connection: 'close' } }).then((answer) => answer.ok, () => false);
  say({ ping, nats: embedded.natsPid(), clickhouse: embedded.clickhousePid(), restarts: embedded.restarts() });
  await embedded.stop();
});
say({ nats: embedded.natsPid(), clickhouse: embedded.clickhousePid() });
`;

let folder: string;
let config: Config;
let said: string[];
let log: Log;
let running: Embedded[];
let parents: ChildProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-embedded-'));
  const [nats, mqttPort, clickhouse] = await freePorts(3);
  config = readConfig({
    HOURGLASS_DATA_DIR: join(folder, 'data'),
    HOURGLASS_NATS_PORT: String(nats),
    HOURGLASS_MQTT_PORT: String(mqttPort),
    HOURGLASS_CLICKHOUSE_PORT: String(clickhouse),
  });
  said = [];
  const say = (text: string): void => void said.push(text);
  log = { debug: say, info: say, warn: say, error: say };
  running = [];
  parents = [];
});

afterEach(async () => {
  for (const parent of parents) parent.kill('SIGKILL');
  await Promise.all(running.map((embedded) => embedded.stop()));
  await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
});

async function start(given: Partial<Config> = {}, options: EmbeddedOptions = {}): Promise<Embedded> {
  const embedded = await startEmbedded({ ...config, ...given }, log, options);
  running.push(embedded);
  return embedded;
}

async function refusal(given: Partial<Config> = {}, options: EmbeddedOptions = {}): Promise<string> {
  const text = await start(given, options).then(() => 'started', explain);
  expect(text).not.toContain('\n');
  return text;
}

/** A message and a row, as written by {@link store}. */
async function stored(): Promise<{ messages: number; rows: string }> {
  const nc = await connect({ servers: `127.0.0.1:${String(config.natsPort)}`, reconnect: false });
  const url = `http://127.0.0.1:${String(config.clickhousePort)}`;
  const clickhouse = createClient({ url, log: { level: ClickHouseLogLevel.OFF } });
  try {
    const { state } = await (await jetstreamManager(nc)).streams.info('KEPT');
    const rows = await clickhouse.query({ query: 'SELECT sum(number) FROM kept.numbers', format: 'TabSeparated' });
    return { messages: state.messages, rows: (await rows.text()).trim() };
  } finally {
    await Promise.all([nc.close(), clickhouse.close()]);
  }
}

async function store(): Promise<void> {
  const nc = await connect({ servers: `127.0.0.1:${String(config.natsPort)}`, reconnect: false });
  await (await jetstreamManager(nc)).streams.add({ name: 'KEPT', subjects: ['kept.>'] });
  await jetstream(nc).publish('kept.one', 'one');
  await nc.close();
  const clickhouse = createClient({ url: `http://127.0.0.1:${String(config.clickhousePort)}` });
  await clickhouse.command({ query: 'CREATE DATABASE kept' });
  await clickhouse.command({ query: 'CREATE TABLE kept.numbers (number UInt64) ENGINE = MergeTree ORDER BY number' });
  await clickhouse.command({ query: 'INSERT INTO kept.numbers VALUES (40), (2)' });
  await clickhouse.close();
}
const KEPT = { messages: 1, rows: '42' };

async function startParent(): Promise<{
  parent: ChildProcess;
  pids: { nats: number; clickhouse: number };
  lines: string[];
}> {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PARENT, JSON.stringify(config)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    // A group of its own, as a shell gives to what it runs.
    detached: true,
  });
  parents.push(parent);
  const lines: string[] = [];
  createInterface(parent.stdout).on('line', (line) => lines.push(line));
  await expect.poll(() => lines.length, WAIT).toBe(1);
  return { parent, pids: JSON.parse(lines[0] ?? '') as { nats: number; clickhouse: number }, lines };
}

function parentOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(pid)], { encoding: 'utf8' }));
}

/** Those of the processes that still run and work on our folder. */
function left(...pids: (number | null)[]): number[] {
  return pids.filter((pid) => pid !== null && isOurs(pid, folder)) as number[];
}

describe('a start', () => {
  it('gives a broker with JetStream and MQTT, and a database, on the loopback ports of the configuration', async () => {
    const embedded = await start();
    expect(embedded.natsUrl).toBe(`nats://127.0.0.1:${String(config.natsPort)}`);
    expect(embedded.clickhouseUrl).toBe(`http://127.0.0.1:${String(config.clickhousePort)}`);
    await store();
    expect(await stored()).toEqual(KEPT);

    const nc = await connect({ servers: embedded.natsUrl });
    expect(nc.info?.max_payload).toBe(MESSAGE_BYTES_MAX);
    await nc.close();
    const sensor = await mqtt.connectAsync(`mqtt://127.0.0.1:${String(config.mqttPort)}`, { clientId: 'sensor' });
    await sensor.publishAsync('kept/two', 'two', { qos: 1 });
    await sensor.endAsync();
    await expect.poll(async () => (await stored()).messages, WAIT).toBe(2);
    // HTTP sessions have ClickHouse's own default format, and hours are UTC.
    const url = `${embedded.clickhouseUrl}/?query=${encodeURIComponent('SELECT 1, timezone()')}`;
    const answer = await fetch(url, { headers: { connection: 'close' } });
    expect(await answer.text()).toBe('1\tUTC\n');
  });

  it('after a stop finds the data as they were, and nothing runs in between', async () => {
    const first = await start();
    const pids = [first.natsPid(), first.clickhousePid()];
    await store();
    await first.stop();
    expect(left(...pids)).toEqual([]);
    await start();
    expect(await stored()).toEqual(KEPT);
  });

  it('leaves a server alone whose URL is configured', async () => {
    const url = 'nats://broker.example:4222';
    const embedded = await start({ natsUrl: url });
    expect(embedded.natsUrl).toBe(url);
    expect(embedded.natsPid()).toBeNull();
    expect(embedded.clickhousePid()).toBeGreaterThan(0);
  });

  it('touches nothing where both are configured', async () => {
    const urls = { natsUrl: 'nats://broker.example:4222', clickhouseUrl: 'http://database.example:8123' };
    expect(await start(urls)).toMatchObject(urls);
    expect(existsSync(config.dataDir)).toBe(false);
  });

  it('with durability `power` has the broker sync before it acknowledges (invariant 15)', async () => {
    await start({ clickhouseUrl: 'http://database.example:8123', durability: 'power' });
    const file = await readFile(join(config.dataDir, 'nats', 'nats-server.conf'), 'utf8');
    expect(JSON.parse(file)).toMatchObject({ jetstream: { sync_interval: 'always' } });
  });
});

describe('after kill -9', () => {
  const victims: { what: string; pid: (embedded: Embedded) => number }[] = [
    { what: 'nats-server', pid: (embedded) => embedded.natsPid() ?? 0 },
    { what: 'nats-server’s guard', pid: (embedded) => parentOf(embedded.natsPid() ?? 0) },
    { what: 'the database', pid: (embedded) => embedded.clickhousePid() ?? 0 },
  ];

  it('of any server or guard, all is back on the same ports with the same data', async () => {
    const embedded = await start();
    await store();
    for (const [at, { what, pid }] of victims.entries()) {
      const before = [embedded.natsPid(), embedded.clickhousePid()];
      const victim = pid(embedded);
      expect(victim, what).toBeGreaterThan(1);
      process.kill(victim, 'SIGKILL');
      // First that it was started again: a server whose guard was killed answers for a moment more.
      const again = async () => [embedded.restarts(), await stored().catch(String)];
      await expect.poll(again, { ...WAIT, message: what }).toEqual([at + 1, KEPT]);
      const after = [embedded.natsPid(), embedded.clickhousePid()];
      expect(
        left(...before).filter((old) => !after.includes(old)),
        what,
      ).toEqual([]);
    }
    expect(said.filter((text) => text.includes('starting it again'))).toHaveLength(victims.length);
  });

  it('of the program, everything ends', async () => {
    const { parent, pids } = await startParent();
    const guard = parentOf(pids.nats);
    parent.kill('SIGKILL');
    await expect.poll(() => left(pids.nats, pids.clickhouse, guard), WAIT).toEqual([]);
  });

  it.runIf(process.platform === 'linux')('of the program and of the guard together, everything ends', async () => {
    const { parent, pids } = await startParent();
    const guard = parentOf(pids.nats);
    process.kill(guard, 'SIGSTOP');
    parent.kill('SIGKILL');
    process.kill(guard, 'SIGKILL');
    await expect.poll(() => left(pids.nats, pids.clickhouse, guard), WAIT).toEqual([]);
  });

  it('of the program, the next start on the same folder and ports waits for what is left, and has the data', async () => {
    const { parent } = await startParent();
    await store();
    parent.kill('SIGKILL');
    await once(parent, 'exit');
    await start();
    expect(await stored()).toEqual(KEPT);
  });
});

it('Ctrl-C in a terminal reaches the program alone: its servers wait until it has drained', async () => {
  const { parent, pids, lines } = await startParent();
  process.kill(-(parent.pid ?? 0), 'SIGINT');
  await once(parent, 'exit');
  expect(parent.exitCode).toBe(0);
  expect(JSON.parse(lines[1] ?? '')).toEqual({ ping: true, ...pids, restarts: 0 });
  expect(left(pids.nats, pids.clickhouse)).toEqual([]);
});

describe('is refused in one line', () => {
  it('where ports are in use, with all the variables to change', async () => {
    const stranger = createServer().listen(config.mqttPort, '127.0.0.1');
    const other = createServer().listen(config.clickhousePort, '127.0.0.1');
    await Promise.all([once(stranger, 'listening'), once(other, 'listening')]);
    expect(await refusal()).toBe(
      `port ${String(config.mqttPort)} is in use; port ${String(config.clickhousePort)} is in use. ` +
        'Set HOURGLASS_MQTT_PORT and HOURGLASS_CLICKHOUSE_PORT to free ports, or end what uses them.',
    );
    await Promise.all([once(stranger.close(), 'close'), once(other.close(), 'close')]);
  });

  it('where two servers were given one port', async () => {
    const text = await refusal({ mqttPort: config.natsPort });
    expect(text).toContain(`port ${String(config.natsPort)} is that of HOURGLASS_NATS_PORT too`);
    expect(text).toContain('Set HOURGLASS_MQTT_PORT to a free port');
  });

  it('where another program uses the data folder', async () => {
    await start();
    const [natsPort = 0, mqttPort = 0, clickhousePort = 0] = await freePorts(3);
    const text = await refusal({ natsPort, mqttPort, clickhousePort });
    expect(text).toContain(`${config.dataDir} is in use by another hourglass (process ${String(process.pid)})`);
    expect(text).toContain('HOURGLASS_DATA_DIR');
  });

  it('where the data folder cannot be written', async () => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const text = await refusal({ dataDir: join(file, 'data') });
    expect(text).toContain(`the data folder ${join(file, 'data')} cannot be written`);
    expect(text).toContain('Set HOURGLASS_DATA_DIR');
  });

  it.runIf(existsSync('/proc/self'))('where folders cannot be made in a folder that is there', async () => {
    const text = await refusal({ dataDir: '/proc/self/hourglass/data' });
    expect(text).toMatch(/the data folder \/proc\/self\/hourglass\/data cannot be written: .*ENOENT/);
    expect(text).toContain('Set HOURGLASS_DATA_DIR');
  });

  it('where the disk is full', async () => {
    const text = await refusal({}, { diskFreeBytesMin: Number.MAX_SAFE_INTEGER });
    expect(text).toContain(`the disk of ${config.dataDir} is full`);
    expect(text).toContain('HOURGLASS_DATA_DIR');
  });

  it('where a server does not start, with its last words; nothing is left, and the folder is free again', async () => {
    const program = join(folder, 'nats-server');
    await writeFile(program, '#!/bin/sh\necho "Error: no luck today" >&2\nexit 3\n', { mode: 0o755 });
    const text = await refusal({}, { env: { ...process.env, HOURGLASS_NATS_SERVER_BIN: program } });
    expect(text).toContain('nats-server did not start: Error: no luck today');
    expect(text).toContain(join(config.dataDir, 'logs', 'nats-server.log'));
    const embedded = await start();
    expect(left(embedded.natsPid(), embedded.clickhousePid())).toHaveLength(2);
  });
});
