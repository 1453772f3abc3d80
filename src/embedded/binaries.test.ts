import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EnvironmentError } from '../model/errors.ts';
import { libchdbFile, natsServerBinary } from './binaries.ts';

const ALPINE = { platform: 'linux', arch: 'x64', musl: true };
const WINDOWS = { platform: 'win32', arch: 'x64', musl: false };
const RISCV = { platform: 'linux', arch: 'riscv64', musl: false };
/** A platform with a package, whichever is not this one. */
const ELSEWHERE = { platform: 'darwin', arch: process.arch === 'x64' ? 'arm64' : 'x64', musl: false };

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-binaries-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** A program that answers to `--version`. */
async function program(path: string, version: string): Promise<string> {
  const file = join(folder, path, 'nats-server');
  await mkdir(join(folder, path), { recursive: true });
  await writeFile(file, `#!/bin/sh\necho "nats-server: ${version}"\n`);
  await chmod(file, 0o755);
  return file;
}

function errorOf(find: () => string): EnvironmentError {
  try {
    return expect.fail(`found ${find()}`);
  } catch (error) {
    if (error instanceof EnvironmentError) return error;
    throw error;
  }
}

describe('nats-server', () => {
  it('is the one that the variable names', async () => {
    const file = await program('own', 'v2.14.0');
    const onPath = await program('bin', 'v2.14.0');
    expect(natsServerBinary({ HOURGLASS_NATS_SERVER_BIN: file, PATH: join(onPath, '..') })).toBe(file);
  });

  it('is the first on PATH that is new enough', async () => {
    const old = await program('old', 'v2.9.25');
    const recent = await program('recent', 'v2.10.1');
    const PATH = [join(folder, 'none'), join(old, '..'), join(recent, '..')].join(':');
    expect(natsServerBinary({ PATH })).toBe(recent);
  });

  it('is the package’s where PATH has none', () => {
    expect(natsServerBinary({ PATH: folder })).toMatch(/node_modules.*@eplightning.*nats-server$/);
  });

  it('a variable that names no program is said in one line', () => {
    const error = errorOf(() => natsServerBinary({ HOURGLASS_NATS_SERVER_BIN: folder }));
    expect(error.message).toBe(`HOURGLASS_NATS_SERVER_BIN=${folder} is not a file that can be run`);
  });

  it('a platform without a package is told what to use instead', () => {
    const error = errorOf(() => natsServerBinary({ PATH: '' }, WINDOWS));
    expect(error.message).toBe('there is no package with nats-server for win32-x64');
    expect(error.advice).toContain('HOURGLASS_NATS_SERVER_BIN');
    expect(error.advice).toContain('HOURGLASS_NATS_URL');
  });

  it('a package that is not installed is told how to install', () => {
    const error = errorOf(() => natsServerBinary({ PATH: '' }, ELSEWHERE));
    expect(error.message).toBe(`nats-server is not installed for ${ELSEWHERE.platform}-${ELSEWHERE.arch}`);
    expect(error.advice).toContain('scripts/setup.mjs');
  });
});

describe('libchdb', () => {
  it('is the one that the variable names, whatever the platform', async () => {
    const file = join(folder, 'libchdb.so');
    await writeFile(file, '');
    expect(libchdbFile({ HOURGLASS_LIBCHDB: file }, ALPINE)).toBe(file);
  });

  it('is the package’s otherwise', () => {
    expect(libchdbFile({})).toMatch(/@chdb.*libchdb\.(so|dylib)$/);
  });

  it.each([
    { machine: ALPINE, name: 'linux-x64 with musl (Alpine)' },
    { machine: WINDOWS, name: 'win32-x64' },
    { machine: RISCV, name: 'linux-riscv64' },
  ])('on $name one is told what to use instead', ({ machine, name }) => {
    const error = errorOf(() => libchdbFile({}, machine));
    expect(error.message).toBe(`there is no package with the ClickHouse engine (libchdb) for ${name}`);
    expect(error.advice).toContain('HOURGLASS_LIBCHDB');
    expect(error.advice).toContain('HOURGLASS_CLICKHOUSE_URL');
  });
});
