/**
 * Whole recorded data sets through the whole program: every row of the exact hours must come out (`npm run check:data`).
 *
 * Each set as SenML and as frames, once left alone and once with every process killed with -9 in the middle of the
 * replay and started again. Beside the hours of sensors: the rollups, what the program compacts of them by itself, and the ledger.
 */
import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { differences, type Hours, readExpected } from '../support/expected-hours.ts';
import { readFound, readLedger, settled } from '../support/found-hours.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const FOLDER = process.env['CHECK_DATA_FOLDER'] ?? '';
const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const listed = (name: string, all: string[]): string[] => {
  const given = (process.env[name] ?? '').split(',').filter((one) => one !== '');
  return given.length > 0 ? given : all;
};
const SETS = listed(
  'CHECK_DATA_SETS',
  readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, 'expected_hourly.csv.gz'))),
);
const FORMATS = listed('CHECK_DATA_FORMATS', ['senml', 'frame']);
const CATCH_UP_MS_MAX = 20 * 60_000;
const COMPACTED_MS_MAX = 10 * 60_000;
/** At full speed a small set is sent before it is a third counted, and a kill would find nobody publishing. */
const KILLED_REPLAY_S = 25;

const report: Record<string, string | number>[] = [];
let program: Program;

beforeEach(async () => {
  program = await Program.start();
});
afterEach(() => program.dispose());
afterAll(() => console.table(report));

describe.each(SETS)('%s', (set) => {
  const expected = readExpected(join(FOLDER, set, 'expected_hourly.csv.gz'));
  const readings = [...expected.values()].reduce((sum, { count }) => sum + count, 0);

  describe.each(FORMATS)('as %s', (format) => {
    it.each([
      ['left alone', 0],
      ['killed with -9 in the middle', 2],
    ])('%s', async (_, kills) => {
      const startMs = performance.now();
      const rate = kills === 0 ? null : Math.ceil(readings / KILLED_REPLAY_S);
      const replaying = replay(join(FOLDER, set, 'readings.csv.gz'), format, rate);
      for (let kill = 1; kill <= kills; kill++) {
        await until(
          'a part has been counted',
          CATCH_UP_MS_MAX,
          async () => (await counted()) > (kill * readings) / (kills + 1),
        );
        expect(replaying.isRunning(), 'the kill falls into the replay').toBe(true);
        await program.killAll();
        await program.start();
      }
      expect(await replaying.ended).toBe(0);
      await settled(program, CATCH_UP_MS_MAX);
      const seconds = Math.round((performance.now() - startMs) / 1_000);
      const wrong = differences(expected, await readFound(program, 'city'));
      report.push({ set, format, kills, readings, 'rows compared': expected.size, wrong: wrong.length, seconds });
      expect(wrong.slice(0, 10)).toEqual([]);
      expect(await readLedger(program)).toMatchObject({ balanced: true, counted: readings, rejected: 0 });
      await expectRollups(expected);
      await expectCompacted();
    });
  });
});

async function counted(): Promise<number> {
  return Number((await readLedger(program))['counted']);
}

/**
 * A process of its own, which must live through what is done to the program.
 *
 * @param rate in readings a second; null: as fast as can be.
 */
function replay(
  file: string,
  format: string,
  rate: number | null,
): { ended: Promise<number | null>; isRunning(): boolean } {
  const env = { ...process.env, HOURGLASS_NATS_PORT: String(program.ports.nats) };
  const to = ['--city', 'city', '--district', 'district', '--kind', 'kind', '--format', format];
  if (rate !== null) to.push('--rate', String(rate));
  const child = spawn(process.execPath, [MAIN, 'replay', file, ...to], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  return { ended: new Promise((resolve) => child.once('exit', resolve)), isRunning: () => child.exitCode === null };
}

/** Each view has every reading of every metric once, and sums as the hours of sensors have. */
async function expectRollups(expected: Hours): Promise<void> {
  const want = new Map<string, { count: number; sum: number }>();
  for (const [key, { count, sum }] of expected) {
    const metric = key.split('|')[1] ?? '';
    const known = want.get(metric) ?? { count: 0, sum: 0 };
    want.set(metric, { count: known.count + count, sum: known.sum + sum });
  }
  for (const view of ['district_hourly', 'district_daily', 'city_hourly', 'city_daily']) {
    const rows = await program.query<[string, number, number]>(
      `SELECT metric, sum(count), sum(sum) FROM hourglass.${view} GROUP BY metric`,
    );
    expect(rows).toHaveLength(want.size);
    for (const [metric, count, sum] of rows) {
      expect([view, metric, count]).toEqual([view, metric, want.get(metric)?.count]);
      expect(Math.abs(sum / (want.get(metric)?.sum ?? NaN) - 1)).toBeLessThan(1e-9);
    }
  }
}

/** All days are over: the worker compacts them, and has the views' figures then, no row more and none less. */
async function expectCompacted(): Promise<void> {
  await until('every day is compacted', COMPACTED_MS_MAX, async () => {
    const [[others] = [NaN]] = await program.query<[number]>(
      `SELECT count() FROM hourglass.day_versions AS v WHERE (v.day, v.blocks) NOT IN
       (SELECT toDate(begins), blocks FROM hourglass.compacted_rollups WHERE step = 'compacted')`,
    );
    return others === 0;
  });
  const figures = 'count, sum, min, max, sensors, revision';
  for (const [view, place, step, begins] of [
    ['district_hourly', 'district', 'hour', 'hour'],
    ['district_daily', 'district', 'day', "toDateTime(day, 'UTC')"],
    ['city_hourly', "''", 'hour', 'hour'],
    ['city_daily', "''", 'day', "toDateTime(day, 'UTC')"],
  ]) {
    const views = `SELECT city, ${String(place)} AS place, kind, metric, ${String(begins)} AS begins, ${figures} FROM hourglass.${String(view)}`;
    const compacted = `SELECT city, district AS place, kind, metric, begins, ${figures} FROM hourglass.compacted_rollups
      WHERE step = '${String(step)}' AND (place = '') = ${place === 'district' ? '0' : '1'}`;
    expect(await program.query(`${views} EXCEPT ALL ${compacted}`), view).toEqual([]);
    expect(await program.query(`${compacted} EXCEPT ALL ${views}`), view).toEqual([]);
    const [[rows] = [0]] = await program.query<[number]>(`SELECT count() FROM (${compacted})`);
    expect(rows, view).toBeGreaterThan(0);
  }
}
