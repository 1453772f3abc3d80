/**
 * The whole program as a process, on free ports and in a folder of its own: `hourglass up` with embedded servers.
 *
 * Boundary: tests only. Ends what it has started, and nothing else.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { freePorts } from './ports.ts';
import { until } from './until.ts';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const READY_MS_MAX = 60_000;
const EXIT_MS_MAX = 30_000;

export interface Finished {
  readonly code: number | null;
  readonly output: string;
}

export class Program {
  readonly folder: string;
  readonly ports: { http: number; nats: number; mqtt: number; clickhouse: number };
  readonly #env: Record<string, string>;
  readonly #nodes: WorkerProcess[] = [];
  #main: ChildProcess | null = null;
  #output = '';

  private constructor(folder: string, ports: Program['ports'], env: Record<string, string>) {
    this.folder = folder;
    this.ports = ports;
    this.#env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOURGLASS_'))),
      HOURGLASS_DEMO: '0',
      HOURGLASS_DATA_DIR: join(folder, 'data'),
      HOURGLASS_HTTP_PORT: String(ports.http),
      HOURGLASS_NATS_PORT: String(ports.nats),
      HOURGLASS_MQTT_PORT: String(ports.mqtt),
      HOURGLASS_CLICKHOUSE_PORT: String(ports.clickhouse),
      ...env,
    };
  }

  /** @param env more variables of the program. */
  static async create(env: Record<string, string> = {}): Promise<Program> {
    const [http = 0, nats = 0, mqtt = 0, clickhouse = 0] = await freePorts(4);
    const folder = await mkdtemp(join(tmpdir(), 'hourglass-program-'));
    return new Program(folder, { http, nats, mqtt, clickhouse }, env);
  }

  static async start(env: Record<string, string> = {}): Promise<Program> {
    const program = await Program.create(env);
    await program.start();
    return program;
  }

  /** Starts it, or starts it again on the same folder and ports; resolves when it is ready. */
  async start(): Promise<void> {
    this.#output = '';
    const main = spawn(process.execPath, [MAIN, 'up'], { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#main = main;
    for (const stream of [main.stdout, main.stderr]) stream.on('data', (text) => (this.#output += String(text)));
    await this.ready();
  }

  async ready(): Promise<void> {
    await until('the program is ready', READY_MS_MAX, async () => {
      const main = this.#main;
      if (main === null || main.exitCode !== null || main.signalCode !== null)
        throw new Error(`the program has ended:\n${this.#output}`);
      return (await fetch(this.url('/readyz')).catch(() => null))?.ok === true;
    });
  }

  get output(): string {
    return this.#output;
  }

  get pid(): number {
    return this.#main?.pid ?? 0;
  }

  /** Asks it to end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    const main = this.#main;
    if (main === null) return { code: 0, output: this.#output };
    const code = await end(main, signal);
    this.#main = null;
    return { code, output: this.#output };
  }

  /** `kill -9` of the main process; resolves when it is gone (its children end a moment later). */
  async kill(): Promise<void> {
    const main = this.#main;
    if (main === null) return;
    await end(main, 'SIGKILL');
    this.#main = null;
  }

  /** `kill -9` of every process of the program at once. */
  async killAll(): Promise<void> {
    for (const { pid } of this.processes()) process.kill(pid, 'SIGKILL');
    await this.kill();
  }

  /** The program's processes, itself first. */
  processes(): { pid: number; command: string }[] {
    return this.pid === 0 ? [] : descendants(this.pid);
  }

  /** The newest process whose command line has these words; the deepest one, so not a guard. */
  processOf(words: string): number {
    const found = this.processes().filter(({ command }) => command.includes(words));
    const pid = found.at(-1)?.pid;
    if (pid === undefined) throw new Error(`no process of the program is "${words}"`);
    return pid;
  }

  url(path: string): string {
    return `http://127.0.0.1:${String(this.ports.http)}${path}`;
  }

  /** @throws where the answer is not 2xx. */
  async get<Body = { data: Record<string, unknown>[]; next: string | null }>(path: string): Promise<Body> {
    const response = await fetch(this.url(path));
    if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
    return (await response.json()) as Body;
  }

  async flush(): Promise<void> {
    const response = await fetch(this.url('/v1/admin/flush'), { method: 'POST' });
    if (!response.ok) throw new Error(`flush: ${String(response.status)} ${await response.text()}`);
  }

  /** Rows of a query, as arrays. */
  async query<Row extends unknown[]>(sql: string): Promise<Row[]> {
    const settings = 'output_format_json_quote_64bit_integers=0';
    const response = await fetch(`http://127.0.0.1:${String(this.ports.clickhouse)}/?${settings}`, {
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

  nats(): Promise<NatsConnection> {
    return connect({
      servers: this.#env['HOURGLASS_NATS_URL'] ?? `127.0.0.1:${String(this.ports.nats)}`,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
    });
  }

  /** Another command of the program, to its end. */
  async run(...args: string[]): Promise<Finished> {
    return await runCommand(args, this.#env);
  }

  /** A worker node of its own on this program's servers; ends with the program's disposal at the latest. */
  startNode(env: Record<string, string> = {}): WorkerProcess {
    const node = new WorkerProcess({
      ...this.#env,
      HOURGLASS_NATS_URL: `nats://127.0.0.1:${String(this.ports.nats)}`,
      HOURGLASS_CLICKHOUSE_URL: `http://127.0.0.1:${String(this.ports.clickhouse)}`,
      HOURGLASS_WORKERS: '1',
      HOURGLASS_DATA_DIR: join(this.folder, `node-${String(this.#nodes.length)}`),
      ...env,
    });
    this.#nodes.push(node);
    return node;
  }

  /** Ends it if need be, and removes its folder. */
  async dispose(): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node.end('SIGKILL')));
    await this.killAll();
    await until('no process is left', EXIT_MS_MAX, () => !isInUse(this.folder));
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** `hourglass work`. */
export class WorkerProcess {
  readonly #child: ChildProcess;
  output = '';

  constructor(env: Record<string, string>) {
    this.#child = spawn(process.execPath, [MAIN, 'work'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (text) => (this.output += String(text)));
  }

  /** Owners' names in `status` end with it and the thread: `<host>-<pid>/<thread>`. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with its exit code when it is gone. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    // One that is stopped hears nothing but SIGKILL.
    return await end(this.#child, signal);
  }
}

/** Resolves with its exit code when it is gone, also where it has ended by itself before. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

/** `node dist/main.js ...`, to its end. */
export async function runCommand(args: readonly string[], env: Record<string, string>): Promise<Finished> {
  const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output };
}

/** True while a process whose command line names the folder lives. */
export function isInUse(folder: string): boolean {
  return allProcesses().some(({ command }) => command.includes(folder));
}

function descendants(root: number): { pid: number; command: string }[] {
  const all = allProcesses();
  const found = all.filter(({ pid }) => pid === root);
  for (const parent of found) found.push(...all.filter(({ ppid }) => ppid === parent.pid));
  return found;
}

function allProcesses(): { pid: number; ppid: number; command: string }[] {
  if (!existsSync('/proc/self/stat')) throw new Error('this test needs /proc');
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return state === 'Z' ? [] : [{ pid: Number(name), ppid: Number(ppid), command }];
      } catch {
        return [];
      }
    });
}
