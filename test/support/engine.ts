/**
 * The real ClickHouse engine in a child process that ends when its standard input closes.
 *
 * Boundary: tests only; one engine a folder.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort } from './ports.ts';

const CHILD = `
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { DataType, load, open } from 'ffi-rs';
const packageName = '@chdb/lib-' + process.platform + '-' + process.arch + (process.platform === 'linux' ? '-gnu' : '');
const manifest = createRequire(process.cwd() + '/').resolve(packageName + '/package.json');
const [folder, port, ...more] = process.argv.slice(1);
const listen = "SYSTEM START LISTEN HTTP; SELECT count() FROM file('-', 'LineAsString', 'line String')";
const argv = ['clickhouse', '--path=' + folder, '--http_port=' + port, '--listen_host=127.0.0.1', '--query=' + listen, ...more];
open({ library: 'chdb', path: join(dirname(manifest), 'libchdb.so') });
load({
  library: 'chdb', funcName: 'chdb_query_cmdline', retType: DataType.I32,
  paramsType: [DataType.I32, DataType.StringArray], paramsValue: [argv.length, argv],
});
process.exit(0);
`;
const READY_MS_MAX = 30_000;

/** @param given a configuration of the server (with its users) and the variables it asks for. */
export async function startEngine(
  folder: string,
  given: { configFile?: string; env?: Record<string, string> } = {},
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const more = given.configFile === undefined ? [] : [`--config-file=${given.configFile}`];
  const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD, folder, String(port), ...more], {
    stdio: ['pipe', 'ignore', 'inherit'],
    env: { ...process.env, ...given.env },
  });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${String(port)}`;
  const deadline = performance.now() + READY_MS_MAX;
  for (;;) {
    const answer = await fetch(`${url}/ping`).catch(() => null);
    if (answer?.ok === true) break;
    if (child.exitCode !== null || performance.now() > deadline) throw new Error('the test engine did not start');
    await pause(20);
  }
  return {
    url,
    stop: async () => {
      child.stdin.end();
      await exited;
    },
  };
}
