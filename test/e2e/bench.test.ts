/** Every benchmark still runs, and its answers are right (each checks its own tables). Figures of this size mean nothing. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const script = fileURLToPath(new URL('../../scripts/bench.mjs', import.meta.url));

interface Report {
  size: string;
  sections: { name: string; figures: { values: (number | null)[] }[] }[];
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-bench-report-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(...options: string[]): Promise<Report> {
  const args = [script, '--size', 'tiny', '--out', folder, ...options];
  await promisify(execFile)(process.execPath, args).catch((error: unknown) => {
    // Its message begins with every line of progress; what went wrong is at the end.
    throw new Error(`the benchmarks have failed: ${String((error as { stderr?: string }).stderr).slice(-1_500)}`);
  });
  const [json = ''] = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  return JSON.parse(await readFile(join(folder, json), 'utf8')) as Report;
}

const USUAL = [
  'consume',
  'filters',
  'threads',
  'end-to-end',
  'hour-close',
  'inserts',
  'checkpoints',
  'memory',
  'api',
  'publish',
  'baselines',
  'series',
];
/** A slow machine that runs other tests beside takes five minutes. */
const MS_MAX = 900_000;
const LONG = ['city', 'series-soak', 'memory-soak', 'memory-soak-two-hours'];

it('the benchmarks run at their tiny size and write a report with plots', { timeout: MS_MAX }, async () => {
  const { size, sections } = await run();
  expect(size).toBe('tiny');
  expect(sections.map(({ name }) => name)).toEqual(USUAL);
  for (const { figures } of sections) expect(figures.every(({ values }) => values.length > 0)).toBe(true);
  const plots = (await readdir(folder)).filter((name) => name.endsWith('.svg'));
  expect(plots).toHaveLength(4);
  for (const plot of plots) expect(await readFile(join(folder, plot), 'utf8')).toMatch(/^<svg .*<path /s);
});

it('the long ones run, too, and a later run adds to the report of its date', { timeout: MS_MAX }, async () => {
  const { sections } = await run('--soak');
  expect(sections.map(({ name }) => name)).toEqual([...USUAL, ...LONG]);
});
