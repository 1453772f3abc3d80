import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError } from '../model/errors.ts';
import { readCsv, type RecordedReading } from './reading-csv.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-csv-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function read(content: string | Buffer): Promise<RecordedReading[]> {
  const file = join(folder, 'readings.csv');
  await writeFile(file, content);
  const readings: RecordedReading[] = [];
  for await (const some of readCsv(file)) readings.push(...some);
  return readings;
}
const HEAD = 'time,sensor,metric,value\n';

describe('a file of readings', () => {
  it('is read in order, plain or gzip, with or without a last line end', async () => {
    const text = `${HEAD}2014-08-01T07:50:00Z,158505,vehicleCount,1\n2014-08-01T07:50:00.5Z,"a, b",avgSpeed,-5.25e1`;
    const expected = [
      { timeMs: Date.UTC(2014, 7, 1, 7, 50), sensor: '158505', metric: 'vehicleCount', value: 1 },
      { timeMs: Date.UTC(2014, 7, 1, 7, 50, 0, 500), sensor: 'a, b', metric: 'avgSpeed', value: -52.5 },
    ];
    expect(await read(text)).toEqual(expected);
    expect(await read(`\ufeff${text.replaceAll('\n', '\r\n')}\r\n\r\n`)).toEqual(expected);
    expect(await read(gzipSync(text))).toEqual(expected);
  });

  it('is whole over many chunks', async () => {
    const rows = Array.from(
      { length: 100_000 },
      (_, i) => `${String(1_400_000_000 + i)},s${String(i % 7)},m,${String(i)}`,
    );
    const readings = await read(gzipSync(HEAD + rows.join('\n')));
    expect(readings).toHaveLength(rows.length);
    expect(readings.every(({ value, timeMs }, i) => value === i && timeMs === (1_400_000_000 + i) * 1_000)).toBe(true);
  });

  it.each([
    ['2014-08-01 07:50', Date.UTC(2014, 7, 1, 7, 50)],
    ['2014-08-01T09:50:00+02:00', Date.UTC(2014, 7, 1, 7, 50)],
    ['2014-08-01T09:50:00+0200', Date.UTC(2014, 7, 1, 7, 50)],
    ['1406879400', Date.UTC(2014, 7, 1, 7, 50)],
    ['1406879400123', Date.UTC(2014, 7, 1, 7, 50, 0, 123)],
  ])('may say %s', async (time, timeMs) => {
    expect(await read(`${HEAD}${time},s,m,1\n`)).toMatchObject([{ timeMs }]);
  });

  it('may have its columns in another order, and more of them', async () => {
    expect(await read('value,unit,time,metric,sensor\n1,km,1406879400,m,s\n')).toMatchObject([
      { value: 1, sensor: 's' },
    ]);
  });

  it.each([
    [`${HEAD}2014-08-01T07:50:00Z,s,m,1\nyesterday,s,m,1\n`, ':3 has the time "yesterday"'],
    [`${HEAD}2014-08-01T07:50:00Z,s,m,warm\n`, ':2 has the value "warm"'],
    [`${HEAD}2014-08-01T07:50:00Z,s,m,\n`, ':2 has the value ""'],
    [`${HEAD}2014-08-01T07:50:00Z,s,m,Infinity\n`, ':2 has the value "Infinity"'],
    [`${HEAD}2014-08-01T07:50:00Z,s,m\n`, ':2 has 3 columns, not 4'],
    ['2014-08-01T07:50:00Z,s,m,1\n', 'begins with'],
    ['', 'is empty'],
    [`${HEAD}2014-08-01T07:50:00Z,"s,m,1\n`, 'Quote Not Closed'],
    [Buffer.concat([gzipSync(HEAD).subarray(0, -4)]), 'cannot be read'],
  ])('that cannot be read ends with an error that names the line', async (content, message) => {
    await expect(read(content)).rejects.toThrow(message);
    await expect(read(content)).rejects.toBeInstanceOf(ConfigError);
  });

  it('that is not there is said', async () => {
    const reading = readCsv(join(folder, 'none.csv')).next();
    await expect(reading).rejects.toThrow('cannot open');
  });
});
