/**
 * A slice of real readings through the whole program: every hour exact. `npm run check:data` does whole data sets.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { differences, readExpected } from '../support/expected-hours.ts';
import { readFound, readLedger, settled } from '../support/found-hours.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const SLICE = fileURLToPath(new URL('../fixtures/aarhus-slice.csv.gz', import.meta.url));
const EXPECTED = readExpected(fileURLToPath(new URL('../fixtures/aarhus-slice.expected.csv.gz', import.meta.url)));
const READINGS = 30_000;

let program: Program;
afterEach(() => program.dispose());

const TO = ['--district', 'centre', '--kind', 'traffic'];
const replay = (city: string, ...more: string[]): string[] => ['replay', SLICE, '--city', city, ...TO, ...more];

describe('a slice of recorded readings', () => {
  it('is exact as SenML, as frames, one by one, and with each sensor as its own source', async () => {
    program = await Program.start();
    const ways: Record<string, string[]> = {
      senml: ['--format', 'senml'],
      frame: ['--format', 'frame', '--msg-id'],
      single: ['--batch', '1'],
      sensor: ['--source', 'sensor', '--format', 'frame'],
    };
    for (const [city, options] of Object.entries(ways)) {
      const { code, output } = await program.run(...replay(city, ...options));
      expect({ code, output }).toMatchObject({ code: 0, output: expect.stringContaining('30,000 readings') });
    }
    // Sent again with the same message ids: the broker knows them.
    const again = await program.run(...replay('frame', '--format', 'frame', '--msg-id'));
    expect(again.output).toContain('messages were there already');
    await settled(program);
    for (const city of Object.keys(ways))
      expect([city, differences(EXPECTED, await readFound(program, city))]).toEqual([city, []]);
    expect(await readLedger(program)).toMatchObject({ balanced: true, counted: 4 * READINGS, rejected: 0 });
    expect(await program.stop()).toMatchObject({ code: 0 });
  });

  it('is exact where every process is killed with -9 in the middle, twice', async () => {
    program = await Program.start();
    const env = { ...process.env, HOURGLASS_NATS_PORT: String(program.ports.nats) };
    const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
    const replaying = spawn(process.execPath, [main, ...replay('killed', '--batch', '10', '--rate', '4000')], {
      env,
      stdio: 'ignore',
    });
    const ended = new Promise<number | null>((resolve) => replaying.once('exit', resolve));
    for (const share of [0.2, 0.6]) {
      await until(
        'a part has been counted',
        30_000,
        async () => Number((await readLedger(program))['counted']) > share * READINGS,
      );
      await program.killAll();
      await program.start();
    }
    expect(await ended).toBe(0);
    await settled(program);
    expect(differences(EXPECTED, await readFound(program, 'killed'))).toEqual([]);
    expect(await readLedger(program)).toMatchObject({ balanced: true, counted: READINGS });
  });
});
