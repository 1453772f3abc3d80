/**
 * What `doctor` looks at: one function a subject, each gives findings and changes nothing.
 *
 * Boundary: asks the machine and the servers; saying it is doctor.ts's.
 */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, resolve } from 'node:path';
import { jetstreamManager, type StreamInfo } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { libchdbFile, natsServerBinary } from '../embedded/binaries.ts';
import type { Config } from '../model/config.ts';
import { brokenPromises, describeDurability } from '../model/durability.ts';
import { explain } from '../model/errors.ts';
import { MESSAGE_BYTES_MAX } from '../model/limits.ts';
import { CHECKPOINT_BUCKET } from '../runtime/checkpoint-bucket.ts';
import { connectClickhouse, connectNats } from '../runtime/connections.ts';
import { readDurability } from '../runtime/durability.ts';
import { READINGS_STREAM } from '../runtime/message-source.ts';
import { readTopology, REJECTED_STREAM } from '../runtime/topology.ts';
import { createWorkerQueries } from '../runtime/worker-queries.ts';
import { brokerUrl, databaseUrl, monitorUrl } from './endpoints.ts';

export interface Finding {
  readonly what: string;
  /** `note`: worth knowing, nothing to mend. */
  readonly state: 'ok' | 'note' | 'bad';
  /** What was found and, where it is bad, what to do. */
  readonly detail: string;
}

export async function examine(config: Config, env: NodeJS.ProcessEnv): Promise<Finding[]> {
  const broker = await examineBroker(config);
  const database = await examineDatabase(config);
  const runs = { broker: broker !== null, database: database !== null };
  return [
    examineNode(),
    examineFolder(config),
    ...examineBinaries(config, env),
    ...(await examinePorts(config, runs)),
    ...(broker ?? [absent('broker', config.natsUrl === null)]),
    ...(database ?? [absent('database', config.clickhouseUrl === null)]),
    ...(runs.broker && runs.database ? await examineDurability(config) : []),
  ];
}

function absent(what: string, isEmbedded: boolean): Finding {
  if (isEmbedded) return { what, state: 'note', detail: 'does not run here now; `hourglass up` starts it' };
  const variable = what === 'broker' ? 'HOURGLASS_NATS_URL' : 'HOURGLASS_CLICKHOUSE_URL';
  return { what, state: 'bad', detail: `does not answer at ${variable}. Start it, or correct the variable.` };
}

function examineNode(): Finding {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const what = 'node';
  if (major >= 24) return { what, state: 'ok', detail: process.versions.node };
  return { what, state: 'note', detail: `${process.versions.node}; 24 is 15-25 % faster on the way of a reading` };
}

function examineFolder({ dataDir, streamBytesMax }: Config): Finding {
  const what = 'data folder';
  const folder = resolve(dataDir);
  let there = folder;
  while (!existsSync(there)) there = dirname(there);
  try {
    accessSync(there, constants.W_OK);
    const { bavail, bsize } = statfsSync(there);
    const free = bavail * bsize;
    const detail = `${folder}, ${gib(free)} free`;
    if (free >= streamBytesMax) return { what, state: 'ok', detail };
    return {
      what,
      state: 'note',
      detail: `${detail}: less than the stream may grow to (HOURGLASS_STREAM_BYTES, ${gib(streamBytesMax)})`,
    };
  } catch (error) {
    return { what, state: 'bad', detail: `${explain(error)}. Set HOURGLASS_DATA_DIR to a folder that can be written.` };
  }
}

function examineBinaries(config: Config, env: NodeJS.ProcessEnv): Finding[] {
  const find = (what: string, of: (from: NodeJS.ProcessEnv) => string): Finding => {
    try {
      return { what, state: 'ok', detail: of(env) };
    } catch (error) {
      return { what, state: 'bad', detail: explain(error) };
    }
  };
  return [
    ...(config.natsUrl === null ? [find('nats-server', natsServerBinary)] : []),
    ...(config.clickhouseUrl === null ? [find('libchdb', libchdbFile)] : []),
  ];
}

/** Ports that `up` would listen on. Those of servers that answer as ours are in use by right. */
async function examinePorts(config: Config, runs: { broker: boolean; database: boolean }): Promise<Finding[]> {
  const ports: [variable: string, port: number][] = [];
  if (!runs.broker && !runs.database) ports.push(['HOURGLASS_HTTP_PORT', config.httpPort]);
  if (config.natsUrl === null && !runs.broker)
    ports.push(['HOURGLASS_NATS_PORT', config.natsPort], ['HOURGLASS_MQTT_PORT', config.mqttPort]);
  if (config.clickhouseUrl === null && !runs.database) ports.push(['HOURGLASS_CLICKHOUSE_PORT', config.clickhousePort]);
  const findings: Finding[] = [];
  for (const [variable, port] of ports) {
    if (await isFree(port)) continue;
    findings.push({ what: 'port', state: 'bad', detail: `${String(port)} is in use. Set ${variable} to a free port.` });
  }
  if (findings.length === 0 && ports.length > 0)
    findings.push({
      what: 'ports',
      state: 'ok',
      detail: `${ports.map(([, port]) => String(port)).join(', ')} are free`,
    });
  return findings;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => server.close(() => answer(true)));
  });
}

/** Null where none answers. */
async function examineBroker(config: Config): Promise<Finding[] | null> {
  const nc = await connectNats(brokerUrl(config), 'hourglass/doctor').catch(() => null);
  if (nc === null) return null;
  try {
    return [examineServerInfo(nc), ...(await examineStreams(nc))];
  } catch (error) {
    return [{ what: 'broker', state: 'bad', detail: `${explain(error)}. Is JetStream enabled?` }];
  } finally {
    await nc.close();
  }
}

function examineServerInfo(nc: NatsConnection): Finding {
  const { version = 'unknown version', max_payload = 0 } = nc.info ?? {};
  const detail = `nats-server ${version}, messages up to ${String(max_payload)} bytes`;
  if (max_payload >= MESSAGE_BYTES_MAX) return { what: 'broker', state: 'ok', detail };
  return {
    what: 'broker',
    state: 'note',
    detail: `${detail}: frames of 65,536 readings need max_payload: ${String(MESSAGE_BYTES_MAX)}`,
  };
}

async function examineStreams(nc: NatsConnection): Promise<Finding[]> {
  const jsm = await jetstreamManager(nc);
  const names = [READINGS_STREAM, REJECTED_STREAM, `KV_${CHECKPOINT_BUCKET}`];
  const streams = await Promise.all(names.map((name) => jsm.streams.info(name).catch(() => null)));
  const missing = names.filter((_, at) => streams[at] === null);
  if (missing.length > 0)
    return [{ what: 'streams', state: 'bad', detail: `${missing.join(', ')} missing. Run \`hourglass migrate\`.` }];
  const [readings] = streams as [StreamInfo, ...StreamInfo[]];
  const topology = await readTopology(nc);
  const statuses = await createWorkerQueries(nc, topology.partitions).status();
  return [examineReadings(readings), examineOwners(statuses.length, topology.partitions)];
}

function examineReadings({ state, config }: StreamInfo): Finding {
  const what = 'stream';
  const detail = `${READINGS_STREAM}: ${state.messages.toLocaleString('en')} messages, ${gib(state.bytes)} of ${gib(config.max_bytes)}`;
  if (state.bytes < config.max_bytes * 0.9) return { what, state: 'ok', detail };
  return {
    what,
    state: 'bad',
    detail: `${detail}: nearly full, publishers are refused then. Run more workers, or enlarge it.`,
  };
}

/** What broker and database do before they promise, from themselves. */
async function examineDurability(config: Config): Promise<Finding[]> {
  const nc = await connectNats(brokerUrl(config), 'hourglass/doctor');
  const clickhouse = connectClickhouse(databaseUrl(config));
  try {
    const jsm = await jetstreamManager(nc, { checkAPI: false });
    const facts = await readDurability({
      profile: config.durability,
      monitorUrl: monitorUrl(config),
      streamReplicas: async () => (await jsm.streams.info(READINGS_STREAM)).config.num_replicas,
      clickhouse,
    });
    const what = 'durability';
    const problems = brokenPromises(facts).map((detail): Finding => ({ what, state: 'bad', detail }));
    const isKnown = facts.brokerSyncS !== null && facts.databaseSyncs !== null;
    const state = problems.length === 0 && config.durability === 'power' && isKnown ? 'ok' : 'note';
    return [{ what, state, detail: describeDurability(facts) }, ...problems];
  } finally {
    await Promise.allSettled([nc.close(), clickhouse.close()]);
  }
}

function examineOwners(owned: number, partitions: number): Finding {
  const detail = `${String(owned)} of ${String(partitions)} partitions have an owner`;
  if (owned === partitions) return { what: 'workers', state: 'ok', detail };
  return { what: 'workers', state: 'bad', detail: `${detail}. Start \`hourglass work\`, and look into its log.` };
}

/** Null where none answers. */
async function examineDatabase(config: Config): Promise<Finding[] | null> {
  const clickhouse = connectClickhouse(databaseUrl(config));
  const what = 'database';
  try {
    const { success } = await clickhouse.ping();
    if (!success) return null;
    const answer = await clickhouse.query({
      query: `SELECT version(), (SELECT count() FROM system.tables WHERE database = 'hourglass' AND name = 'hourly_facts')`,
      format: 'JSONCompactEachRow',
    });
    const [[version, tables] = ['', 0]] = await answer.json<[string, number]>();
    const findings: Finding[] = [{ what, state: 'ok', detail: `ClickHouse ${version}` }];
    if (tables === 0)
      findings.push({ what: 'tables', state: 'bad', detail: 'the tables are missing. Run `hourglass migrate`.' });
    return findings;
  } catch (error) {
    return [{ what, state: 'bad', detail: `${explain(error)}. Check user and password in HOURGLASS_CLICKHOUSE_URL.` }];
  } finally {
    await clickhouse.close();
  }
}

function gib(bytes: number): string {
  return `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
}
