/** Every benchmark still runs, and its answers are right (each checks its own tables). Figures of this size mean nothing. */
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('the benchmarks run at their tiny size and write a report', { timeout: 180_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-bench-report-'));
  const script = fileURLToPath(new URL('../../scripts/bench.mjs', import.meta.url));
  await promisify(execFile)(process.execPath, [script, '--size', 'tiny', '--out', folder]);
  const [json = ''] = (await readdir(folder)).filter((name) => name.endsWith('.json'));
  const report = JSON.parse(await readFile(join(folder, json), 'utf8')) as {
    size: string;
    sections: { name: string; figures: { values: (number | null)[] }[] }[];
  };
  expect(report.size).toBe('tiny');
  expect(report.sections.map(({ name }) => name)).toEqual([
    'consume',
    'end-to-end',
    'hour-close',
    'memory',
    'api',
    'publish',
    'baselines',
  ]);
  for (const { figures } of report.sections) expect(figures.every(({ values }) => values.length > 0)).toBe(true);
  await rm(folder, { recursive: true });
});
