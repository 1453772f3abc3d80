/** `hourglass drill`: it breaks, compares and says so; and its comparison would see a reading that is lost or twice. */
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NatsConnection } from '@nats-io/transport-node';
import { DrillCity } from '../../src/drill/city.ts';
import { judge, type Verdict } from '../../src/drill/exact-comparison.ts';
import { Instance } from '../../src/drill/instance.ts';
import { Load } from '../../src/drill/load.ts';
import { systemClock } from '../../src/model/clock.ts';
import { connectNats } from '../../src/runtime/connections.ts';
import { isInUse, runCommand } from '../support/program.ts';
import { until } from '../support/until.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** So few hours that every view's difference is among the lines that are said. */
const SHAPE = { sources: 100, readings: 3, lateShare: 0, months: 1, badShare: 0.05 };
const MESSAGES = 2_000;
const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

it('hourglass drill makes faults, tells them, and ends with 0 lost, 0 twice', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-drill-test-'));
  const env = { ...process.env, TMPDIR: folder } as Record<string, string>;
  const { code, output } = await runCommand(['drill', '--minutes', '0.1', '--seed', '3'], env);
  expect({ code, output }).toMatchObject({ code: 0, output: expect.stringMatching(/partitions balance/) });
  expect(output).toMatch(/\d s {2}\S/);
  expect(output).toMatch(/^[1-9]\d* faults, [\d,]+ readings, 0 lost, 0 twice$/m);
  await until('no process is left', 30_000, () => !isInUse(folder));
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true });
});

describe('the comparison', () => {
  let folder: string;
  let instance: Instance;
  let nc: NatsConnection;
  let city: DrillCity;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hourglass-comparison-'));
    instance = await Instance.start({ program: PROGRAM, folder, env: process.env, clock: systemClock, log });
    nc = await connectNats(instance.natsUrl, 'test');
    city = new DrillCity(1, SHAPE, systemClock.nowMs());
    instance.startNode();
    const load = new Load(nc, city, { clock: systemClock, log }, { perSecond: null, session: randomUUID() });
    load.resume();
    await until('messages are published', 60_000, () => load.published.messages >= MESSAGES);
    await load.pause();
  });
  afterAll(async () => {
    await nc.close();
    await instance.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const compared = (): Promise<Verdict> => judge({ instance, nc, answer: city.answer, clock: systemClock });
  const change = async (sql: string): Promise<void> => {
    const response = await fetch(`${instance.clickhouseUrl}/?mutations_sync=2`, { method: 'POST', body: sql });
    if (!response.ok) throw new Error(await response.text());
  };

  it('finds nothing where nothing is wrong', async () => {
    const verdict = await compared();
    expect(verdict).toMatchObject({ lost: 0, twice: 0, wrong: [] });
    expect(verdict.readings).toBeGreaterThan(MESSAGES);
  });

  it('sees rows that are there twice, in the base view and in every rollup', async () => {
    const again = 'INSERT INTO hourglass.hourly_facts SELECT * REPLACE (block + 1000000 AS block)';
    await change(`${again} FROM hourglass.hourly_facts WHERE sensor = 'gw-7-1'`);
    const { lost, twice, wrong } = await compared();
    expect(lost).toBe(0);
    expect(twice).toBeGreaterThan(0);
    for (const view of ['hourly', 'district_hourly', 'district_daily', 'city_hourly', 'city_daily'])
      expect({ view, isWrong: wrong.some((line) => line.startsWith(view)) }).toEqual({ view, isWrong: true });
    await change('ALTER TABLE hourglass.hourly_facts DELETE WHERE block > 1000000');
    await change('ALTER TABLE hourglass.district_facts DELETE WHERE block > 1000000');
    expect(await compared()).toMatchObject({ lost: 0, twice: 0, wrong: [] });
  });

  it('sees rows that are missing, and a reading that was never counted', async () => {
    await change(`ALTER TABLE hourglass.hourly_facts DELETE WHERE sensor = 'gw-9-0'`);
    const { lost, twice, wrong } = await compared();
    expect(twice).toBe(0);
    expect(lost).toBeGreaterThan(0);
    expect(wrong.some((line) => line.includes('gw-9-0') && line.includes('is missing'))).toBe(true);
    expect(wrong.some((line) => line.startsWith('ledger'))).toBe(true);
    city.answer.reject('malformed');
    expect((await compared()).wrong.some((line) => line.startsWith('REJECTED: '))).toBe(true);
  });
});
