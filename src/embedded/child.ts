/**
 * Our child processes: where their programs are, and how they are started.
 *
 * The one place here that knows about `dist` and `src`: a child cannot load TypeScript on every Node version we support,
 * so one started from the sources (tests) runs the built file.
 */
import { type ChildProcess, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../model/errors.ts';

type ChildName = 'guard' | 'clickhouse';

export interface ChildWiring {
  /** Standard input. */
  readonly first: 'pipe' | 'ignore';
  /** Descriptor 3 and on. */
  readonly more: readonly (number | 'ipc')[];
  readonly env?: NodeJS.ProcessEnv;
}

/**
 * @param errorFile what the child writes to standard output and error, written anew.
 * @throws {EnvironmentError} where the program was not built.
 */
export function spawnChild(
  name: ChildName,
  args: readonly string[],
  errorFile: string,
  wiring: ChildWiring,
): ChildProcess {
  // Settings of this Node process (inspector, loaders) are not meant for its servers.
  const { NODE_OPTIONS: _, ...env } = process.env;
  const errors = openSync(errorFile, 'w');
  const stdio: StdioOptions = [wiring.first, errors, errors, ...wiring.more];
  try {
    return spawn(process.execPath, [childFile(name), ...args], {
      stdio,
      // A group of its own: the terminal's Ctrl-C is for us, who drain first.
      detached: true,
      env: { ...env, ...wiring.env },
    });
  } finally {
    closeSync(errors);
  }
}

/** Resolves when a child is gone and all that it has said was heard: it exits before we have read its last message. */
export async function goneChild(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (child.connected) await once(child, 'disconnect');
  return { code, signal };
}

function childFile(name: ChildName): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/embedded/' : './';
  const file = fileURLToPath(new URL(`${folder}${name}.child.js`, import.meta.url));
  if (!existsSync(file)) throw new EnvironmentError(`${file} is missing`, 'Run `npm run build`.');
  return file;
}
