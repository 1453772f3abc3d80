/** The real servers for a benchmark, in a folder of its own. Boundary: starts and ends them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { type Embedded, startEmbedded } from '../src/embedded/embedded.ts';
import { type Config, readConfig } from '../src/model/config.ts';
import type { Log } from '../src/model/log.ts';
import { CHECKPOINT_BUCKET } from '../src/runtime/checkpoint-bucket.ts';
import { migrateTables, TABLES } from '../src/runtime/clickhouse-schema.ts';
import { connectClickhouse, connectNats } from '../src/runtime/connections.ts';
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { ensureTopology, type Topology } from '../src/runtime/topology.ts';
import { freePorts } from '../test/support/ports.ts';
import { cpuMsOf } from './process-cpu.ts';

export const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: say };

function say(text: string): void {
  console.error(text);
}

export class Servers {
  readonly config: Config;
  readonly embedded: Embedded;
  readonly nc: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly clickhouse: ClickHouseClient;
  readonly #folder: string;

  private constructor(
    folder: string,
    config: Config,
    embedded: Embedded,
    nc: NatsConnection,
    jsm: JetStreamManager,
    clickhouse: ClickHouseClient,
  ) {
    this.#folder = folder;
    this.config = config;
    this.embedded = embedded;
    this.nc = nc;
    this.jsm = jsm;
    this.clickhouse = clickhouse;
  }

  static async start(): Promise<Servers> {
    const folder = await mkdtemp(join(tmpdir(), 'hourglass-bench-'));
    const [nats, mqtt, clickhousePort] = await freePorts(3);
    const config = readConfig({
      HOURGLASS_DATA_DIR: folder,
      HOURGLASS_NATS_PORT: String(nats),
      HOURGLASS_MQTT_PORT: String(mqtt),
      HOURGLASS_CLICKHOUSE_PORT: String(clickhousePort),
      HOURGLASS_WORKERS: '1',
    });
    const embedded = await startEmbedded(config, quiet);
    const nc = await connectNats(embedded.natsUrl, 'bench');
    const clickhouse = connectClickhouse(embedded.clickhouseUrl);
    await migrateTables(clickhouse, config);
    return new Servers(folder, config, embedded, nc, await jetstreamManager(nc), clickhouse);
  }

  /** Streams as Hourglass makes them, no checkpoint, empty tables. */
  async fresh({ keepReadings }: { keepReadings: boolean }): Promise<Topology> {
    await this.jsm.streams.delete(`KV_${CHECKPOINT_BUCKET}`).catch(() => false);
    if (!keepReadings) await this.jsm.streams.delete(READINGS_STREAM).catch(() => false);
    await this.emptyTables();
    return await ensureTopology(this.nc, this.config);
  }

  async emptyTables(): Promise<void> {
    for (const table of TABLES) await this.clickhouse.command({ query: `TRUNCATE TABLE hourglass.${table}` });
  }

  /** First row of a query. */
  async row<Row extends unknown[]>(query: string): Promise<Row> {
    const result = await this.clickhouse.query({ query, format: 'JSONCompactEachRow' });
    const [row] = await result.json<Row>();
    if (row === undefined) throw new Error(`${query} gives no row`);
    return row;
  }

  /** CPU of the database so far, ms; NaN where /proc does not say. */
  databaseCpuMs(): number {
    const pid = this.embedded.clickhousePid();
    return pid === null ? NaN : cpuMsOf(pid);
  }

  async stop(): Promise<void> {
    await this.nc.close();
    await this.clickhouse.close();
    await this.embedded.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
