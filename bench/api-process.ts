/**
 * The API as an operator runs it: `hourglass serve` in a process of its own, behind its doors.
 *
 * Boundary: starts it, asks it, ends it. A key is needed for everything; requests are counted by the rate limit, which is set
 * so high that it refuses none.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { newKey } from '../src/api/doors/api-keys.ts';
import { SCOPES } from '../src/model/scopes.ts';
import { freePorts } from '../test/support/ports.ts';
import { cpuMsOf } from './process-cpu.ts';
import type { Servers } from './servers.ts';
import { waitUntil } from './waiting.ts';

const READY_MS_MAX = 30_000;
const REQUESTS_PER_SECOND = 100_000;

/** A benchmark that failed leaves no API behind. */
const live = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of live) child.kill('SIGKILL');
});

export class ApiProcess {
  readonly url: string;
  readonly key: string;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, key: string, child: ChildProcess, folder: string) {
    this.url = url;
    this.key = key;
    this.#child = child;
    this.#folder = folder;
  }

  /** Resolves when it answers. @param nodeFlags of Node, before the program. */
  static async start(servers: Servers, nodeFlags: readonly string[] = []): Promise<ApiProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'hourglass-bench-api-'));
    const [port = 0] = await freePorts(1);
    const { key, line } = newKey('bench', SCOPES, null);
    await writeFile(join(folder, 'api-keys'), `${line}\n`);
    const env = {
      ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('HOURGLASS_'))),
      HOURGLASS_NATS_URL: servers.embedded.natsUrl,
      HOURGLASS_CLICKHOUSE_URL: servers.embedded.clickhouseUrl,
      HOURGLASS_HTTP_PORT: String(port),
      HOURGLASS_DATA_DIR: join(folder, 'data'),
      HOURGLASS_API_KEYS_FILE: join(folder, 'api-keys'),
      HOURGLASS_ANONYMOUS_SCOPES: 'none',
      HOURGLASS_REQUESTS_PER_SECOND: String(REQUESTS_PER_SECOND),
      NODE_ENV: 'production',
    };
    const main = fileURLToPath(new URL('../src/main.js', import.meta.url));
    const log = join(folder, 'api.log');
    const output = openSync(log, 'w');
    const child = spawn(process.execPath, [...nodeFlags, main, 'serve'], { env, stdio: ['ignore', output, output] });
    closeSync(output);
    live.add(child);
    const api = new ApiProcess(`http://127.0.0.1:${String(port)}`, key, child, folder);
    await waitUntil('the API answers', READY_MS_MAX, async () => {
      if (child.exitCode !== null) throw new Error(`the API has ended:\n${readFileSync(log, 'utf8')}`);
      return (await fetch(`${api.url}/healthz`).catch(() => null))?.ok === true;
    });
    const refused = await fetch(`${api.url}/v1/cities`);
    if (refused.status !== 401) throw new Error(`without a key the API answers ${String(refused.status)}, not 401`);
    return api;
  }

  /** @throws where the answer is not 2xx. */
  async get(path: string): Promise<Response> {
    const response = await fetch(`${this.url}${path}`, { headers: { 'X-API-Key': this.key } });
    if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${await response.text()}`);
    return response;
  }

  /** Answers of lists so far, and of these the ones that were not read from the database for this request. */
  async answers(): Promise<{ all: number; kept: number }> {
    const text = await (await this.get('/metrics')).text();
    let [all, kept] = [0, 0];
    for (const [, outcome, value] of text.matchAll(
      /^hourglass_http_answers_total\{[^}]*outcome="(\w+)"[^}]*\} (\d+)/gm,
    )) {
      all += Number(value);
      if (outcome !== 'read') kept += Number(value);
    }
    return { all, kept };
  }

  /** CPU so far, ms; NaN where /proc does not say. */
  cpuMs(): number {
    return this.#child.pid === undefined ? NaN : cpuMsOf(this.#child.pid);
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Questions that wait in it are not asked any more. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exited;
    live.delete(this.#child);
    await rm(this.#folder, { recursive: true, force: true });
  }
}
