/**
 * Runs a server that does not watch its parent, and ends it when the parent is gone.
 *
 *   node guard.child.js nats-server -c nats-server.conf
 *
 * Job: the channel to the parent is the life line: when it closes, for whatever reason, the server is asked to end and
 * then killed. Ends when the server has ended. Its own death is the kernel's business where it can be asked
 * (Linux, setpriv), else the parent's (nats-server.ts). Descriptor 3 is the lock of the servers, handed on.
 * Signals are for the parent to act on: Ctrl-C must not end the server before the parent has drained.
 */
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { basename } from 'node:path';
import { SERVER_STOP_MS_MAX } from '../model/limits.ts';
import { filesOnPath } from './binaries.ts';

/** To the parent: the server's process id; or how it ended. */
export type GuardMessage = { readonly pid: number } | { readonly ended: string };

const LOCK_DESCRIPTOR = 3;

const [program = '', ...args] = process.argv.slice(2);
const [file = '', ...words] = [...diesWithUs(), program, ...args];
const server = spawn(file, words, { stdio: ['ignore', 'inherit', 'inherit', LOCK_DESCRIPTOR] });

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
server.once('error', (error) => report({ ended: error.message }));
server.once('exit', (code, signal) => report({ ended: signal ?? `exit code ${String(code)}` }));
if (server.pid !== undefined) process.send?.({ pid: server.pid } satisfies GuardMessage);
if (process.connected) process.once('disconnect', endServer);
else endServer();

function endServer(): void {
  server.kill('SIGTERM');
  setTimeout(() => server.kill('SIGKILL'), SERVER_STOP_MS_MAX);
}

function report(message: GuardMessage): void {
  if (process.connected) process.send?.(message, undefined, {}, () => process.exit());
  else process.exit();
}

/** util-linux's setpriv has the kernel signal the server when we die; busybox's cannot. */
function diesWithUs(): string[] {
  if (process.platform !== 'linux') return [];
  const [setpriv] = filesOnPath(process.env, 'setpriv');
  if (setpriv === undefined || basename(realpathSync(setpriv)) !== 'setpriv') return [];
  return [setpriv, '--pdeathsig', 'TERM', '--'];
}
