/**
 * What the `api` benchmark asks: the calls that dashboards make most, and what each answer must be.
 *
 * Boundary: paths, and figures from the city's formula; who sends them, others know.
 */
import { DAY_HOURS, hourIso } from '../src/model/hour.ts';
import type { Random } from '../src/model/random.ts';
import { type ApiCity, type Expected, KIND, METRICS, sensorName } from './api-city.ts';
import { byZipf, uniformly } from './load.ts';

const MONTH_HOURS = 30 * 24;

export interface Question {
  readonly name: string;
  /** How keys are drawn, for the report. */
  readonly cold: string;
  readonly cached: string;
  /** Paths of requests whose answers cannot have been kept. */
  coldPaths(count: number, random: Random): string[];
  /** Paths of requests whose keys come again. */
  cachedPaths(count: number, random: Random): string[];
  /** One request whose answer is known: its path, and its rows in order. */
  known(): { path: string; rows: Expected[] };
}

/** @param openHour index of the hour that is open; each sensor has `openReadings` of the value of its number in it. */
export function questionsOf(city: ApiCity, openHour: number, openReadings: number): Question[] {
  const hours = Math.min(MONTH_HOURS, Math.floor((city.endHour - city.firstHour) / 2));
  // The dearest comes last: what it leaves behind in the database disturbs no other.
  return [sensorMonth(city, hours), districtMonth(city, hours), open(city, openHour, openReadings), cityYear(city)];
}

function sensorMonth(city: ApiCity, hours: number): Question {
  const path = (sensor: number, from: number): string =>
    `/v1/hourly?${new URLSearchParams({
      city: city.name,
      district: city.districtOf(sensor),
      kind: KIND,
      metric: city.metricOf(sensor),
      sensor: sensorName(sensor),
      ...range(from, from + hours),
    }).toString()}`;
  const starts = city.endHour - city.firstHour - hours;
  return {
    name: 'a sensor’s month',
    cold: `one of ${thousands(city.sensors)} sensors and one of ${thousands(starts)} hours to begin with, each as likely`,
    cached: `the newest ${String(hours)} hours of one of ${thousands(city.sensors)} sensors, by Zipf’s law (exponent 1)`,
    coldPaths: (count, random) =>
      paths(count, () => path(random.whole(0, city.sensors - 1), city.firstHour + random.whole(0, starts - 1))),
    cachedPaths: (count, random) => {
      const key = byZipf(city.sensors, () => random.next());
      return paths(count, () => path(key(), city.endHour - hours));
    },
    known: () => {
      const [sensor, from] = [city.sensors - 7, city.firstHour + Math.floor(starts / 3)];
      return {
        path: path(sensor, from),
        rows: rowsOf(hours, (at) => city.expected([sensor], from + at, from + at + 1)),
      };
    },
  };
}

function districtMonth(city: ApiCity, hours: number): Question {
  const districts = districtsOf(city);
  const keys = districts.length * METRICS.length;
  const path = (key: number, from: number): string =>
    `/v1/districts/${city.name}/${districts[Math.floor(key / METRICS.length)] ?? ''}/${METRICS[key % METRICS.length] ?? ''}/hourly?${new URLSearchParams(range(from, from + hours)).toString()}`;
  const starts = city.endHour - city.firstHour - hours;
  return {
    name: 'a district’s month',
    cold: `one of ${String(keys)} districts and metrics and one of ${thousands(starts)} hours to begin with, each as likely`,
    cached: `the newest ${String(hours)} hours of one of ${String(keys)} districts and metrics, by Zipf’s law`,
    coldPaths: (count, random) =>
      paths(count, () => path(uniformly(keys, () => random.next())(), city.firstHour + random.whole(0, starts - 1))),
    cachedPaths: (count, random) => {
      const key = byZipf(keys, () => random.next());
      return paths(count, () => path(key(), city.endHour - hours));
    },
    known: () => {
      const from = city.firstHour + Math.floor(starts / 5);
      const sensors = city.sensorsOf(METRICS[1], districts[0]);
      return { path: path(1, from), rows: rowsOf(hours, (at) => city.expected(sensors, from + at, from + at + 1)) };
    },
  };
}

function cityYear(city: ApiCity): Question {
  const days = Math.floor((city.endHour - city.firstHour) / DAY_HOURS);
  const path = (metric: string, before: number): string =>
    `/v1/cities/${city.name}/${metric}/daily?${new URLSearchParams({
      from: new Date(city.firstHour * 3_600_000 - before * 1_000).toISOString(),
      to: hourIso(city.endHour),
    }).toString()}`;
  return {
    name: 'the city’s year by day',
    cold: `one of ${String(METRICS.length)} metrics, each as likely; \`from\` is one of 86,400 seconds of the day before, which changes the question and not the answer`,
    cached: `one of ${String(METRICS.length)} metrics, by Zipf’s law`,
    coldPaths: (count, random) => paths(count, () => path(random.pick(METRICS), random.whole(0, 86_399))),
    cachedPaths: (count, random) => {
      const key = byZipf(METRICS.length, () => random.next());
      return paths(count, () => path(METRICS[key()] ?? '', 0));
    },
    known: () => {
      const sensors = city.sensorsOf(METRICS[2]);
      const start = (day: number): number => city.firstHour + day * DAY_HOURS;
      return {
        path: path(METRICS[2], 0),
        rows: rowsOf(days, (day) => city.expected(sensors, start(day), start(day + 1))),
      };
    },
  };
}

function open(city: ApiCity, openHour: number, readings: number): Question {
  const districts = districtsOf(city);
  const path = (district: string, metric: string): string =>
    `/v1/hourly?${new URLSearchParams({ city: city.name, district, kind: KIND, metric, ...range(openHour, openHour + 1) }).toString()}`;
  return {
    name: 'the open hour of a district’s sensors',
    cold: `one of ${String(districts.length * METRICS.length)} districts and metrics, each as likely; open hours are never kept`,
    cached: 'the same: how many readings these hours usually have is kept for a minute, the answers are not',
    coldPaths: (count, random) => paths(count, () => path(random.pick(districts), random.pick(METRICS))),
    cachedPaths: (count, random) => paths(count, () => path(random.pick(districts), random.pick(METRICS))),
    known: () => ({
      path: path(districts[0] ?? '', METRICS[0]),
      rows: city
        .sensorsOf(METRICS[0], districts[0])
        .map((sensor) => ({ count: readings, sum: readings * sensor, min: sensor, max: sensor })),
    }),
  };
}

function range(fromHour: number, toHour: number): { from: string; to: string } {
  return { from: hourIso(fromHour), to: hourIso(toHour) };
}

function paths(count: number, one: () => string): string[] {
  return Array.from({ length: count }, one);
}

function rowsOf(count: number, one: (at: number) => Expected): Expected[] {
  return Array.from({ length: count }, (_, at) => one(at));
}

function districtsOf(city: ApiCity): string[] {
  return [...new Set(Array.from({ length: city.sensors }, (_, sensor) => city.districtOf(sensor)))];
}

function thousands(count: number): string {
  return count.toLocaleString('en');
}
