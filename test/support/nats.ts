/**
 * One real nats-server with JetStream, on a free port and in a folder of its own. Boundary: tests only.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '@nats-io/transport-node';
import { natsServerBinary } from './nats-binary.ts';
import { freePort } from './ports.ts';
import { until } from './until.ts';

const READY_MS_MAX = 10_000;

export class TestBroker {
  readonly url: string;
  readonly #folder: string;
  readonly #port: number;
  #child: ChildProcess | null = null;

  private constructor(folder: string, port: number) {
    this.#folder = folder;
    this.#port = port;
    this.url = `nats://127.0.0.1:${String(port)}`;
  }

  /** @param settings more lines of its configuration file. */
  static async start(settings = ''): Promise<TestBroker> {
    const broker = new TestBroker(await mkdtemp(join(tmpdir(), 'hourglass-nats-')), await freePort());
    await writeFile(broker.#settingsFile, settings);
    await broker.start();
    return broker;
  }

  get #settingsFile(): string {
    return join(this.#folder, 'server.conf');
  }

  /** Starts it (again), on the same port and data. */
  async start(): Promise<void> {
    const address = ['-a', '127.0.0.1', '-p', String(this.#port)];
    const args = ['-c', this.#settingsFile, ...address, '-js', '-sd', this.#folder];
    this.#child = spawn(natsServerBinary(), args, { stdio: 'ignore' });
    await until('the broker answers', READY_MS_MAX, async () => {
      const nc = await connect({ servers: this.url.slice('nats://'.length) }).catch(() => null);
      if (nc === null) return false;
      const answer = await nc.request('$JS.API.INFO', '', { timeout: 1_000 }).catch(() => null);
      await nc.close();
      return answer !== null;
    });
  }

  /** `kill -9` */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    this.#child = null;
  }

  async stop(): Promise<void> {
    await this.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
