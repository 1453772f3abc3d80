import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../model/clock.ts';
import { KEY_FILE_LOOK_MS } from '../../model/limits.ts';
import { newKey, parseKeys } from './api-keys.ts';
import { KeyFile } from './key-file.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-keys-'));
});
afterAll(() => rm(folder, { recursive: true }));

it('a line says who, what, where, and never the key', () => {
  const { key, line } = newKey('gateway', ['read', 'ingest'], 'lisbon/alfama');
  expect(line).toMatch(/^gateway read,ingest [0-9a-f]{64} lisbon\/alfama$/);
  expect(line).not.toContain(key);
  expect(newKey('gateway', ['read'], null).key).not.toBe(key);
  const { keys } = parseKeys(`# keys of the harbour\n\n${line} # the gateway at the pier\n`);
  expect(keys).toMatchObject([{ name: 'gateway', scopes: new Set(['read', 'ingest']), place: 'lisbon/alfama' }]);
});

it.each([
  [`a b ${'0'.repeat(64)}`, 'no scope'],
  ['a read', 'SHA-256'],
  [`a write ${'0'.repeat(64)}`, 'no scope'],
  [`a read ${'0'.repeat(63)}`, 'SHA-256'],
  [`a. read ${'0'.repeat(64)}`, 'name'],
  [`a read ${'0'.repeat(64)} lisbon/alfama/air`, 'place'],
  [`a read ${'0'.repeat(64)} lisbon more`, 'expected'],
  [`a read ${'0'.repeat(64)}\na read ${'1'.repeat(64)}`, 'already'],
])('%s is a problem by its line', (text, words) => {
  const { problems } = parseKeys(`\n${text}`);
  expect(problems).toEqual([expect.stringMatching(new RegExp(`^line \\d: .*${words}`))]);
});

it('the file is read again when it changes; bad lines let nobody in; a missing file changes nothing', async () => {
  const path = join(folder, 'keys');
  const first = newKey('first', ['read'], null);
  const second = newKey('second', ['read'], null);
  await writeFile(path, first.line);
  let nowMs = 0;
  const said: string[] = [];
  const file = await KeyFile.open(path, { ...systemClock, monotonicMs: () => nowMs }, (text) => said.push(text));
  expect(await file.find(first.key)).toMatchObject({ name: 'first' });
  expect(await file.find(second.key)).toBeNull();

  await writeFile(path, `${second.line}\nthird read`);
  expect(await file.find(second.key)).toBeNull();
  nowMs += KEY_FILE_LOOK_MS;
  expect(await file.find(second.key)).toMatchObject({ name: 'second' });
  expect(await file.find(first.key)).toBeNull();
  expect(said.join('\n')).toContain('line 2');

  await rm(path);
  nowMs += KEY_FILE_LOOK_MS;
  expect(await file.find(second.key)).toMatchObject({ name: 'second' });
  expect(said.at(-1)).toContain('stay as they were');
});

it('a file that is not there, or a line that cannot be read, keeps the program from starting', async () => {
  await expect(KeyFile.open(join(folder, 'none'), systemClock, () => undefined)).rejects.toThrow('cannot be read');
  const path = join(folder, 'bad');
  await writeFile(path, 'someone read');
  await expect(KeyFile.open(path, systemClock, () => undefined)).rejects.toThrow('line 1');
});
