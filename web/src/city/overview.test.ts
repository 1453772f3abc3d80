import { describe, expect, it } from 'vitest';
import { HOUR_MS } from '../figures/civil-time.ts';
import type { HourFigures } from '../figures/hours.ts';
import { gridOf, inTurns, type Overview, spanOf, withLive } from './overview.ts';

const NOW = Date.parse('2026-11-24T20:43Z');
const OPEN = Date.parse('2026-11-24T20:00Z');

const hour = (hourMs: number, count: number, sum: number, status: HourFigures['status']): HourFigures => ({
  hourMs,
  count,
  sum,
  min: 1,
  max: 9,
  mean: sum / count,
  status,
  revision: 0,
  sensors: 2,
});

describe('the overview of a city', () => {
  it('ends with the open hour while readings come, and with the last hour of a city that has gone silent', () => {
    expect(spanOf('24h', NOW, NOW)).toEqual({
      span: { fromMs: OPEN - 23 * HOUR_MS, toMs: OPEN + HOUR_MS },
      isCurrent: true,
    });
    const silentMs = Date.parse('2014-08-26T00:10Z');
    expect(spanOf('24h', silentMs, NOW)).toEqual({
      span: { fromMs: Date.parse('2014-08-25T01:00Z'), toMs: Date.parse('2014-08-26T01:00Z') },
      isCurrent: false,
    });
  });

  it('takes the open hour from what is followed live, adds the districts up, and leaves final hours alone', () => {
    const known: Overview = {
      metric: 'temperature',
      kinds: ['air'],
      kind: 'air',
      span: { fromMs: OPEN - HOUR_MS, toMs: OPEN + HOUR_MS },
      isCurrent: true,
      city: [hour(OPEN - HOUR_MS, 4, 40, 'final'), hour(OPEN, 1, 99, 'provisional')],
      districts: new Map([
        ['a', [hour(OPEN - HOUR_MS, 2, 20, 'final')]],
        ['b', [hour(OPEN - HOUR_MS, 2, 20, 'final')]],
      ]),
      progress: { watermarkMs: 5, finalThroughMs: OPEN },
    };
    const live = (district: string, hourMs: number, count: number, sum: number) => ({
      ...hour(hourMs, count, sum, 'provisional'),
      sensors: null,
      district,
      kind: 'air',
    });
    const merged = withLive(known, {
      hours: [live('a', OPEN, 3, 30), live('b', OPEN, 1, 50), live('a', OPEN - HOUR_MS, 1, 1)],
      progress: { watermarkMs: 9, finalThroughMs: 0 },
      atMs: NOW,
      way: 'stream',
    });
    expect(merged.city.map(({ count, mean, status, sensors }) => [count, mean, status, sensors])).toEqual([
      [4, 10, 'final', 2],
      [4, 20, 'provisional', null],
    ]);
    expect(merged.districts.get('b')?.at(-1)).toMatchObject({ hourMs: OPEN, mean: 50, status: 'provisional' });
    expect(merged.progress).toEqual({ watermarkMs: 9, finalThroughMs: OPEN });
  });

  it('has one place per hour, empty where nothing was measured', () => {
    const grid = gridOf([hour(OPEN, 1, 1, 'final')], { fromMs: OPEN - HOUR_MS, toMs: OPEN + 2 * HOUR_MS });
    expect(grid.map((place) => place?.hourMs ?? null)).toEqual([null, OPEN, null]);
  });

  it('asks a few at a time and answers in order', async () => {
    let [running, most] = [0, 0];
    const answers = await inTurns([5, 4, 3, 2, 1], 2, async (number) => {
      most = Math.max(most, ++running);
      for (let turn = 0; turn < number; turn++) await Promise.resolve();
      running -= 1;
      return number * 10;
    });
    expect(answers).toEqual([50, 40, 30, 20, 10]);
    expect(most).toBe(2);
  });
});
