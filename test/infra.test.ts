/**
 * infra/ is what the program expects: checked with the real broker and the real database engine, without Docker.
 *
 * Not checked here: images, networks and volumes of a Docker engine (infra/README.md).
 */
import { execFile, execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../src/model/config.ts';
import { DRAIN_MS_MAX, IN_FLIGHT_BYTES_MAX, MESSAGE_BYTES_MAX } from '../src/model/limits.ts';
import { deleteBlocks, highestBlock, migrateTables } from '../src/runtime/clickhouse-schema.ts';
import { connectNats } from '../src/runtime/connections.ts';
import { ensureTopology } from '../src/runtime/topology.ts';
import { startEngine } from './support/engine.ts';
import { type NatsCluster, startNatsCluster } from './support/nats-cluster.ts';
import { natsServerBinary } from './support/nats-binary.ts';

const run = promisify(execFile);

const MQTT_MS_MAX = 3_000;
/** Three brokers on a slow machine agree on a leader within this. */
const ELECTION = { timeout: 15_000, interval: 250 };
const infra = fileURLToPath(new URL('../infra/', import.meta.url));

/** Variables of infra/.env.example, filled in. */
const SECRETS: Record<string, string> = {
  NATS_HOURGLASS_PASSWORD: 'broker1a',
  NATS_DISTRICT_PASSWORD: 'district2b',
  NATS_SYSTEM_PASSWORD: 'system3c',
  CLICKHOUSE_HOURGLASS_PASSWORD: 'writer4d',
  CLICKHOUSE_DASHBOARD_PASSWORD: 'reader5e',
};

const serviceSchema = z.object({
  image: z.string(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  stop_grace_period: z.string().optional(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  healthcheck: z.union([z.object({ disable: z.literal(true) }), z.object({ test: z.array(z.string()) })]).optional(),
});
const composeSchema = z.object({
  services: z.record(z.string(), serviceSchema),
  volumes: z.record(z.string(), z.null()),
});
type Service = z.infer<typeof serviceSchema>;

let compose: z.infer<typeof composeSchema>;
const service = (name: string): Service => {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`compose.yaml has no service ${name}`);
  return found;
};

beforeAll(async () => {
  const text = await readFile(join(infra, 'compose.yaml'), 'utf8');
  const filled = text.replaceAll(/\$\{(\w+)(?::\?[^}]*)?\}/g, (_, name: string) => {
    const value = SECRETS[name];
    if (value === undefined) throw new Error(`${name} is not in .env.example`);
    return value;
  });
  compose = composeSchema.parse(parse(filled, { merge: true }));
});

describe('compose.yaml', () => {
  it('every secret is named in .env.example, and without a value', async () => {
    const lines = (await readFile(join(infra, '.env.example'), 'utf8')).split('\n').filter((line) => /^\w/.test(line));
    expect(lines.toSorted()).toEqual(
      Object.keys(SECRETS)
        .map((name) => `${name}=`)
        .toSorted(),
    );
  });

  it.each(['migrate', 'worker', 'api'])('%s: the program takes its environment', (name) => {
    const config = readConfig(service(name).environment);
    expect(config).toMatchObject({ replicas: 3, durability: 'power', partitions: 64 });
    expect(config.natsUrl).toBe(
      `nats://hourglass:${SECRETS['NATS_HOURGLASS_PASSWORD'] ?? ''}@nats-1:4222,nats://nats-2:4222,nats://nats-3:4222`,
    );
    expect(new URL(config.clickhouseUrl ?? '')).toMatchObject({ hostname: 'clickhouse', port: '8123' });
  });

  it('the API listens where its port, its health check and Prometheus look', async () => {
    const api = service('api');
    const { httpHost, httpPort } = readConfig(api.environment);
    expect(httpHost).toBe('0.0.0.0');
    expect(api.ports).toEqual([`127.0.0.1:8080:${String(httpPort)}`]);
    expect(JSON.stringify(api.healthcheck)).toContain(`:${String(httpPort)}/readyz`);
    const prometheus: unknown = parse(await readFile(join(infra, 'prometheus/prometheus.yml'), 'utf8'));
    expect(JSON.stringify(prometheus)).toContain(`"api:${String(httpPort)}"`);
  });

  it('nothing is published beyond this machine', () => {
    for (const { ports } of Object.values(compose.services))
      for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('every mounted file and the Dockerfile are there, every volume is declared', () => {
    for (const { volumes, build } of Object.values(compose.services)) {
      if (build !== undefined) expect(existsSync(join(infra, build.context, build.dockerfile))).toBe(true);
      for (const volume of volumes) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('.')) expect(existsSync(join(infra, from)), from).toBe(true);
        else expect(Object.keys(compose.volumes)).toContain(from);
      }
    }
  });

  it('whoever is waited for as healthy has a health check', () => {
    const waits = Object.values(compose.services).flatMap((one) => Object.entries(one.depends_on));
    const healthy = waits.filter(([, { condition }]) => condition === 'service_healthy').map(([name]) => name);
    expect(new Set(healthy)).toEqual(new Set(['nats-1', 'nats-2', 'nats-3', 'clickhouse']));
    for (const name of healthy) expect(service(name).healthcheck).toHaveProperty('test');
  });

  it('workers and API wait for the migrations, and have time to drain', () => {
    for (const name of ['worker', 'api']) {
      expect(service(name).depends_on).toEqual({ migrate: { condition: 'service_completed_successfully' } });
      expect(Number.parseInt(service(name).stop_grace_period ?? '', 10) * 1_000).toBeGreaterThan(DRAIN_MS_MAX);
    }
  });

  it('no worker is bound to a port or a name, so that there can be several', () => {
    expect(service('worker').ports).toEqual([]);
    expect(service('worker')).not.toHaveProperty('container_name');
  });

  it('docker compose reads it', async ({ skip }) => {
    if (!hasDockerCompose()) skip('NOT CHECKED: no `docker compose` on this machine');
    const command = ['compose', '-f', join(infra, 'compose.yaml'), 'config', '--quiet'];
    await expect(run('docker', command, { env: { ...process.env, ...SECRETS } })).resolves.toBeDefined();
  });
});

describe('the brokers', () => {
  const configFile = join(infra, 'nats/cluster.conf');
  const env = { ...SECRETS, NATS_MQTT_PORT: '1883' };
  let cluster: NatsCluster;

  beforeAll(async () => {
    cluster = await startNatsCluster(natsServerBinary(), configFile, SECRETS);
  });
  afterAll(() => cluster.stop());

  const connectAs = (user: string, password: string, inboxPrefix: string) =>
    connect({ servers: cluster.hosts.split(','), user, pass: password, inboxPrefix });

  it('nats-server finds nothing wrong with cluster.conf', async () => {
    const { stderr } = await run(natsServerBinary(), ['-c', configFile, '--name', 'nats-1', '-t'], { env });
    expect(stderr).toContain('is valid');
  });

  it('a secret that is missing is an error, not an empty password', async () => {
    await expect(
      run(natsServerBinary(), ['-c', configFile, '-t'], { env: { NATS_MQTT_PORT: '1883' } }),
    ).rejects.toThrow(/NATS_HOURGLASS_PASSWORD/);
  });

  it('the containers get each variable that the file asks for, and are its peers', async () => {
    const text = await readFile(configFile, 'utf8');
    const asked = [...text.matchAll(/^[^#\n]*\$(\w+)/gm)].map(([, name]) => name ?? '');
    for (const name of ['nats-1', 'nats-2', 'nats-3']) {
      expect(Object.keys(service(name).environment).toSorted()).toEqual(asked.toSorted());
      expect(service(name).command).toEqual(['-c', '/etc/nats/cluster.conf', '--name', name, '--store_dir', '/data']);
      expect(text).toContain(`nats://${name}:6222`);
    }
  });

  it('the broker allows what limits.ts promises', async () => {
    const nc = await connectAs('hourglass', SECRETS['NATS_HOURGLASS_PASSWORD'] ?? '', '_INBOX');
    expect(nc.info?.max_payload).toBe(MESSAGE_BYTES_MAX);
    await nc.close();
    const pending = /^max_pending: (\d+)$/m.exec(await readFile(join(infra, 'nats/common.conf'), 'utf8'))?.[1];
    expect(Number(pending)).toBeGreaterThan(IN_FLIGHT_BYTES_MAX);
  });

  it('power: the broker syncs before it acknowledges (invariant 15)', async () => {
    expect(readConfig(service('worker').environment).durability).toBe('power');
    expect(await readFile(configFile, 'utf8')).toMatch(/^\s*sync_interval: always$/m);
  });

  it('streams and buckets are made with three copies, and there is room for them', async () => {
    const config = readConfig(service('migrate').environment);
    const nc = await connectNats(onThisMachine(config.natsUrl, cluster), 'infra-test');
    await ensureTopology(nc, config);
    const jsm = await jetstreamManager(nc);
    for await (const { config: stream, cluster: peers } of jsm.streams.list()) {
      if (stream.name.startsWith('$MQTT')) continue;
      expect(stream.num_replicas, stream.name).toBe(3);
      expect(peers?.replicas?.length, stream.name).toBe(2);
    }
    await nc.close();
  });

  it('a district’s publishers publish to their district and nowhere else', async () => {
    const nc = await connectAs('aarhus-north', SECRETS['NATS_DISTRICT_PASSWORD'] ?? '', '_INBOX_aarhus_north');
    const js = jetstream(nc);
    // A stream that elects a new leader answers nothing for some seconds: whoever gets no acknowledgement sends again.
    await expect
      .poll(() => js.publish('sensors.aarhus.north.air.s1', '[{"n":"P1","v":1}]').catch(String), ELECTION)
      .toMatchObject({ stream: 'READINGS' });
    for (const subject of [
      'sensors.aarhus.south.air.s1',
      'readings.0.aarhus.north.air.s1',
      '$JS.API.STREAM.PURGE.READINGS',
    ])
      await expect(js.publish(subject, 'x', { timeout: ELECTION.timeout }), subject).rejects.toThrow(/[Pp]ermissions/);
    await nc.close();
  });

  /** The first is refused without a word: MQTT 3.1.1 has none for it. The good one comes after it on one connection. */
  const publishBoth = async (): Promise<void> => {
    const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${String(cluster.mqttPort)}`, {
      username: 'aarhus-north',
      password: SECRETS['NATS_DISTRICT_PASSWORD'] ?? '',
      reconnectPeriod: 0,
      // The broker keeps MQTT's sessions in streams, too: while one has no leader, it answers nothing.
      connectTimeout: MQTT_MS_MAX,
    });
    try {
      await client.publishAsync('sensors/aarhus/south/air/mqtt-1', '[{"n":"P1","v":1}]');
      const good = client.publishAsync('sensors/aarhus/north/air/mqtt-1', '[{"n":"P1","v":2}]', { qos: 1 });
      await Promise.race([good, setTimeout(MQTT_MS_MAX)]);
      good.catch(() => undefined);
    } finally {
      client.end(true);
    }
  };

  it('MQTT publishers have the same rights, and their readings are in the stream', async () => {
    const nc = await connectAs('hourglass', SECRETS['NATS_HOURGLASS_PASSWORD'] ?? '', '_INBOX');
    const jsm = await jetstreamManager(nc);
    await expect
      .poll(async () => {
        // Both again and again: the broker's PUBACK says nothing of the stream, which may have no leader for some seconds.
        await publishBoth().catch(() => undefined);
        const { state } = await jsm.streams.info('READINGS', { subjects_filter: 'readings.*.aarhus.*.air.mqtt-1' });
        return Object.keys(state.subjects ?? {}).map((subject) => subject.split('.')[3]);
      }, ELECTION)
      .toEqual(['north']);
    await nc.close();
  });
});

describe('the database server’s users', () => {
  let folder: string;
  let engine: Awaited<ReturnType<typeof startEngine>>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hourglass-users-'));
    // The engine's own session is the user `default`, which the server does not have.
    await mkdir(join(folder, 'users.d'));
    await writeFile(join(folder, 'users.d/hourglass.xml'), (await usersFile()).replace(DEFAULT_USER_REMOVED, ''));
    await cp(join(infra, 'clickhouse-server/config.d'), join(folder, 'config.d'), { recursive: true });
    await writeFile(join(folder, 'users.xml'), USERS_OF_THE_IMAGE);
    await writeFile(join(folder, 'config.xml'), '<clickhouse><users_config>users.xml</users_config></clickhouse>');
    engine = await startEngine(join(folder, 'data'), { configFile: join(folder, 'config.xml'), env: SECRETS });
  });
  afterAll(async () => {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const as = (username: string, password = '') =>
    createClient({ url: engine.url, username, password, log: { level: ClickHouseLogLevel.OFF } });
  const worker = () => as('hourglass', SECRETS['CLICKHOUSE_HOURGLASS_PASSWORD']);
  const dashboard = () => as('dashboard', SECRETS['CLICKHOUSE_DASHBOARD_PASSWORD']);

  it('the server has no user `default`', async () => {
    expect(await usersFile()).toContain(DEFAULT_USER_REMOVED);
  });

  it('`hourglass` may do what migrations and workers do', async () => {
    const client = worker();
    await migrateTables(client, { horizonDays: 30, durability: 'power' });
    await deleteBlocks(client, { partition: 0, incarnation: 1, fromBlock: 1, toBlock: 1_000_000 });
    expect(await highestBlock(client, 1)).toEqual(new Map());
    await client.close();
  });

  it('`dashboard` reads the views', async () => {
    const client = dashboard();
    for (const view of ['hourly', 'district_hourly', 'district_daily', 'city_hourly', 'city_daily', 'sensors']) {
      const result = await client.query({ query: `SELECT * FROM hourglass.${view}`, format: 'JSONEachRow' });
      expect(await result.json(), view).toEqual([]);
    }
    await client.close();
  });

  it.each([
    'INSERT INTO hourglass.sensor_facts (city) VALUES (1)',
    'ALTER TABLE hourglass.hourly_facts DELETE WHERE 1',
    'DROP TABLE hourglass.hourly_facts',
    'SELECT * FROM system.users',
    'SELECT 1 SETTINGS max_execution_time = 3600',
  ])('`dashboard` may not: %s', async (query) => {
    const client = dashboard();
    await expect(client.command({ query })).rejects.toThrow(/Not enough privileges|readonly|shouldn't be greater/);
    await client.close();
  });

  it.each(['hourglass', 'dashboard'])('`%s` needs its password', async (user) => {
    const client = as(user);
    await expect(client.command({ query: 'SELECT 1' })).rejects.toThrow(/Authentication failed/);
    await client.close();
  });
});

const DEFAULT_USER_REMOVED = '<default remove="remove"/>';

function usersFile(): Promise<string> {
  return readFile(join(infra, 'clickhouse-server/users.d/hourglass.xml'), 'utf8');
}

/** What the image's own users.xml has and users.d/ builds on. */
const USERS_OF_THE_IMAGE = `<clickhouse>
  <profiles><default/></profiles>
  <users><default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default/></quotas>
</clickhouse>`;

/** The URL of compose.yaml with its hosts replaced. */
function onThisMachine(url: string | null, { hosts }: NatsCluster): string {
  const credentials = /\/\/(.*)@/.exec(url ?? '')?.[1] ?? '';
  return `nats://${credentials}@${hosts}`;
}

function hasDockerCompose(): boolean {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
