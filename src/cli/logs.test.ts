import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openLogs } from './logs.ts';

function terminal(): { lines: string[]; line(text: string): void; status(): void; close(): void } {
  const lines: string[] = [];
  return { lines, line: (text) => lines.push(text), status: () => undefined, close: () => undefined };
}

it('says everything in the file, and to a person what matters', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-logs-'));
  const seen = terminal();
  const file = join(folder, 'logs', 'it.log');
  const logs = openLogs(file, seen);
  logs.debug('a detail');
  logs.warn('a warning');
  logs.close();
  expect((await readFile(file, 'utf8')).match(/a detail|a warning/g)).toEqual(['a detail', 'a warning']);
  expect(seen.lines.join('\n')).toMatch(/^[^\n]*WARN[^\n]*a warning$/);
  await rm(folder, { recursive: true });
});

// A device of Linux whose disk is always full.
it.skipIf(!existsSync('/dev/full'))('a full disk is said once, and ends nothing', async () => {
  const seen = terminal();
  const logs = openLogs('/dev/full', seen);
  for (let at = 0; at < 10_000; at++) logs.debug(`line ${String(at)} of many that find no room`.padEnd(200));
  logs.warn('a warning');
  await new Promise((resolve) => setImmediate(resolve));
  expect(seen.lines.filter((line) => line.includes('cannot be written'))).toHaveLength(1);
  expect(seen.lines[0]).toMatch(/The log \/dev\/full cannot be written: ENOSPC.* Free some room/);
  expect(seen.lines.at(-1)).toContain('a warning');
});
