/**
 * A private Hourglass to break: servers, worker nodes and API as processes of their own, on free ports, in one folder.
 *
 * Job: starts them, says where they are, ends them. Boundary: the built program is started as an operator starts it
 * (`migrate`, `work`, `serve`) and asked over HTTP; nothing of it runs in this process. Broker or database may be
 * given by URL instead (a cluster).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { libchdbFile, natsServerBinary } from '../embedded/binaries.ts';
import { clickhouseServer } from '../embedded/clickhouse-server.ts';
import { type DataFolder, openDataFolder } from '../embedded/data-folder.ts';
import { natsServer } from '../embedded/nats-server.ts';
import { freePorts, LOOPBACK } from '../embedded/ports.ts';
import type { Clock } from '../model/clock.ts';
import { readConfig } from '../model/config.ts';
import { DISK_FREE_BYTES_MIN } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { type Command, GuardedProcess } from './guarded-process.ts';
import { ServerProcess } from './server-process.ts';

export interface InstanceOptions {
  /** The built entry, `dist/main.js`. */
  readonly program: string;
  /** Everything is kept here. */
  readonly folder: string;
  /** Variables of this process; its `HOURGLASS_` settings are not handed on. */
  readonly env: NodeJS.ProcessEnv;
  /** Variables of the instance beside URLs, ports and folders. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A broker that is there already; absent: one is started. */
  readonly natsUrl?: string;
  readonly clock: Clock;
  readonly log: Log;
}

export interface NodeOptions {
  /** Where the node believes broker and database to be (a proxy); absent: where they are. */
  readonly natsUrl?: string;
  readonly clickhouseUrl?: string;
  readonly workers?: number;
  /** Options of Node. */
  readonly nodeArgs?: readonly string[];
}

const READY_MS_MAX = 60_000;
const LOOK_MS = 50;

export class Instance {
  readonly natsUrl: string;
  readonly clickhouseUrl: string;
  /** Null where the broker is not ours. */
  readonly broker: ServerProcess | null;
  readonly database: ServerProcess;
  readonly #options: InstanceOptions;
  readonly #folder: DataFolder;
  readonly #httpPort: number;
  readonly #processes = new Set<GuardedProcess>();
  #started = 0;

  private constructor(
    options: InstanceOptions,
    folder: DataFolder,
    ports: { http: number; nats: number; mqtt: number; clickhouse: number },
  ) {
    const { clock } = options;
    const config = readConfig({
      ...options.settings,
      HOURGLASS_NATS_PORT: String(ports.nats),
      HOURGLASS_MQTT_PORT: String(ports.mqtt),
      HOURGLASS_CLICKHOUSE_PORT: String(ports.clickhouse),
    });
    this.#options = options;
    this.#folder = folder;
    this.#httpPort = ports.http;
    this.natsUrl = options.natsUrl ?? `nats://${LOOPBACK}:${String(ports.nats)}`;
    this.clickhouseUrl = `http://${LOOPBACK}:${String(ports.clickhouse)}`;
    this.broker =
      options.natsUrl === undefined
        ? new ServerProcess(natsServer(natsServerBinary(options.env), config, folder, clock), clock)
        : null;
    this.database = new ServerProcess(clickhouseServer(libchdbFile(options.env), config, folder), clock);
  }

  /** Resolves when servers and API answer; there is no worker node yet. When it rejects, nothing runs. */
  static async start(options: InstanceOptions): Promise<Instance> {
    const { folder, clock, log } = options;
    const data = await openDataFolder(join(folder, 'servers'), DISK_FREE_BYTES_MIN, clock, log);
    const [http = 0, nats = 0, mqtt = 0, clickhouse = 0] = await freePorts(4);
    const instance = new Instance(options, data, { http, nats, mqtt, clickhouse });
    try {
      await Promise.all([instance.broker?.start(), instance.database.start()]);
      await instance.#migrate();
      instance.#launch('serve', ['serve'], {});
      await instance.#untilApiAnswers();
      return instance;
    } catch (error) {
      await instance.stop();
      throw error;
    }
  }

  /** Starts `hourglass work`. It has its share of the partitions some seconds later. */
  startNode({ natsUrl, clickhouseUrl, workers = 1, nodeArgs = [] }: NodeOptions = {}): GuardedProcess {
    const env = {
      HOURGLASS_WORKERS: String(workers),
      ...(natsUrl === undefined ? {} : { HOURGLASS_NATS_URL: natsUrl }),
      ...(clickhouseUrl === undefined ? {} : { HOURGLASS_CLICKHOUSE_URL: clickhouseUrl }),
    };
    return this.#launch('node', ['work'], env, nodeArgs);
  }

  /** Another command of the program, to its end. */
  async run(...args: string[]): Promise<{ ok: boolean; output: string }> {
    const child = this.#launch('command', args, {});
    const how = await child.ended;
    return { ok: how === 'exit code 0', output: child.output() };
  }

  /** @throws where the API does not answer with 2xx. */
  async call<Body>(method: 'GET' | 'POST' | 'PUT', path: string, body?: object): Promise<Body> {
    const request = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`http://${LOOPBACK}:${String(this.#httpPort)}${path}`, {
      method,
      headers,
      ...request,
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${await response.text()}`);
    return (await response.json()) as Body;
  }

  /** Rows of a query, as arrays. */
  async query<Row extends unknown[]>(sql: string): Promise<Row[]> {
    const response = await fetch(`${this.clickhouseUrl}/?output_format_json_quote_64bit_integers=0`, {
      method: 'POST',
      body: `${sql} FORMAT JSONCompactEachRow`,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${sql}: ${text}`);
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Row);
  }

  /** Ends everything with `kill -9`; the folder stays. */
  async stop(): Promise<void> {
    await Promise.all([...this.#processes].map((process) => process.kill()));
    await Promise.all([this.broker?.kill(), this.database.kill()]);
    this.#folder.release();
  }

  async #migrate(): Promise<void> {
    const { ok, output } = await this.run('migrate');
    if (!ok) throw new Error(`migrate failed:\n${output}`);
  }

  async #untilApiAnswers(): Promise<void> {
    const { clock } = this.#options;
    const lastMs = clock.monotonicMs() + READY_MS_MAX;
    for (;;) {
      try {
        await this.call('GET', '/healthz');
        return;
      } catch (error) {
        if (clock.monotonicMs() > lastMs) throw error;
      }
      await clock.sleep(LOOK_MS);
    }
  }

  #launch(
    what: string,
    args: readonly string[],
    env: NodeJS.ProcessEnv,
    nodeArgs: readonly string[] = [],
  ): GuardedProcess {
    const { program, folder, settings, clock } = this.#options;
    this.#started += 1;
    const name = `${what}-${String(this.#started)}`;
    const home = join(folder, name);
    mkdirSync(home, { recursive: true });
    const command: Command = {
      args: [...nodeArgs, program, ...args],
      env: {
        ...this.#ownSettingsUnset(),
        HOURGLASS_NATS_URL: this.natsUrl,
        HOURGLASS_CLICKHOUSE_URL: this.clickhouseUrl,
        HOURGLASS_HTTP_PORT: String(this.#httpPort),
        HOURGLASS_DATA_DIR: home,
        ...settings,
        ...env,
      },
      outputFile: join(home, 'output.log'),
      lock: this.#folder.serversLock,
    };
    const child = new GuardedProcess(command, clock);
    this.#processes.add(child);
    void child.ended.then(() => this.#processes.delete(child));
    return child;
  }

  #ownSettingsUnset(): NodeJS.ProcessEnv {
    const names = Object.keys(this.#options.env).filter((name) => name.startsWith('HOURGLASS_'));
    return Object.fromEntries(names.map((name) => [name, undefined]));
  }
}
