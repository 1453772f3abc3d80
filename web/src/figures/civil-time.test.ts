import { describe, expect, it } from 'vitest';
import { civilTime, HOUR_MS } from './civil-time.ts';
import { daysOf, type HourFigures } from './hours.ts';

function hours(fromIso: string, count: number, status: HourFigures['status'] = 'final'): HourFigures[] {
  const fromMs = Date.parse(fromIso);
  return Array.from({ length: count }, (_, at) => ({
    hourMs: fromMs + at * HOUR_MS,
    count: 2,
    sum: 10,
    min: at,
    max: at + 1,
    mean: 5,
    status,
    revision: 0,
  }));
}
const NEVER_OPEN = Infinity;

describe('civil time', () => {
  it('names hours in the zone of the city, half and quarter hours included', () => {
    const ms = Date.parse('2026-07-01T20:00Z');
    expect(civilTime('Europe/Copenhagen').hourSpan(ms)).toBe('22:00–23:00');
    expect(civilTime('Asia/Kathmandu').hourSpan(ms)).toBe('01:45–02:45');
    expect(civilTime('Asia/Kathmandu').zoneName(ms)).toBe('GMT+5:45');
    expect(civilTime('America/New_York').longDay(ms)).toBe('Wednesday 1 July 2026');
  });

  it('a zone that nobody knows is shown as UTC, and says so', () => {
    expect(civilTime('Mars/Olympus').zone).toBe('UTC');
  });

  it.each([
    { zone: 'America/New_York', day: '2026-03-08', fromIso: '2026-03-08T05:00Z', has: 23 },
    { zone: 'America/New_York', day: '2026-11-01', fromIso: '2026-11-01T04:00Z', has: 25 },
    { zone: 'Europe/Copenhagen', day: '2026-10-25', fromIso: '2026-10-24T22:00Z', has: 25 },
    { zone: 'Asia/Kathmandu', day: '2026-05-05', fromIso: '2026-05-04T19:00Z', has: 24 },
    { zone: 'Australia/Lord_Howe', day: '2026-06-10', fromIso: '2026-06-09T14:00Z', has: 24 },
  ])('$day in $zone has $has hours', ({ zone, day, fromIso, has }) => {
    const days = daysOf(hours(fromIso, has), civilTime(zone), NEVER_OPEN);
    expect(days).toHaveLength(1);
    expect(days[0]).toMatchObject({ key: day, hours: has, hoursOfDay: has, count: 2 * has, status: 'final' });
  });

  it('an hour before midnight and one after are two days, and the mean of a day is of readings, not of hours', () => {
    const [before, after] = hours('2026-11-23T23:00Z', 2);
    if (before === undefined || after === undefined) throw new Error('two hours');
    const many = { ...after, hourMs: after.hourMs + HOUR_MS, count: 6, sum: 90, mean: 15 };
    const days = daysOf([before, after, many], civilTime('UTC'), NEVER_OPEN);
    expect(days.map(({ key, mean }) => [key, mean])).toEqual([
      ['2026-11-23', 5],
      ['2026-11-24', 12.5],
    ]);
  });

  it('a day is final when it is over and all its hours are', () => {
    const all = hours('2026-11-24T00:00Z', 24);
    const endMs = Date.parse('2026-11-25T00:00Z');
    const status = (known: HourFigures[], finalThroughMs: number): string | undefined =>
      daysOf(known, civilTime('UTC'), finalThroughMs)[0]?.status;
    expect(status(all, endMs)).toBe('final');
    expect(status(all, endMs - HOUR_MS)).toBe('provisional');
    expect(status([...all.slice(0, 23), ...hours('2026-11-24T23:00Z', 1, 'provisional')], endMs)).toBe('provisional');
  });
});
