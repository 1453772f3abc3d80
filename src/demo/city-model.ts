/**
 * What the sensors of a made-up city measure at any moment.
 *
 * Boundary: pure; a time in, values out, the same every time. Day curves, differences between districts, noise, and
 * hours in which a sensor is silent.
 */
import { bell, chance } from './noise.ts';

export const CITY = 'metropolis';
/** Of the demo's city: everyone who starts it sees the same one. */
export const CITY_SEED = 2026;
export const DISTRICTS = ['airport', 'campus', 'harbour', 'hills', 'old-town', 'riverside'] as const;

export interface Kind {
  readonly name: string;
  readonly metrics: readonly string[];
  readonly sensorsPerDistrict: number;
  /** Each sensor measures so often, ms. */
  readonly everyMs: number;
  /** Rounded to so many decimals, as devices do. */
  readonly decimals: number;
  /** @param day 0 to 1 since midnight UTC. @param site what is particular to district and sensor, about -1 to 1. */
  readonly measure: (metric: string, day: number, site: number, noise: number, timeMs: number) => number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** How often one sensor is silent for a whole hour. */
const SILENT_SHARE = 0.02;

/** A bump of height 1 around an hour of the day. */
const around = (day: number, hour: number, width: number): number => {
  const apart = Math.min(Math.abs(day * 24 - hour), 24 - Math.abs(day * 24 - hour));
  return Math.exp(-((apart / width) ** 2));
};
const rush = (day: number): number => around(day, 8, 1.5) + around(day, 17, 2);
const daylight = (day: number): number => Math.max(0, Math.sin((day - 0.25) * 2 * Math.PI));

export const KINDS: readonly Kind[] = [
  {
    name: 'air',
    metrics: ['no2', 'pm10', 'pm25'],
    sensorsPerDistrict: 20,
    everyMs: 60_000,
    decimals: 2,
    measure: (metric, day, site, noise) => {
      const base = metric === 'no2' ? 18 : metric === 'pm10' ? 14 : 7;
      return Math.max(0.1, base * (1 + 0.3 * site + 1.1 * rush(day) + 0.12 * noise));
    },
  },
  {
    name: 'weather',
    metrics: ['humidity', 'pressure', 'temperature'],
    sensorsPerDistrict: 5,
    everyMs: 60_000,
    decimals: 1,
    measure: (metric, day, site, noise, timeMs) => {
      if (metric === 'pressure') return 1_013 + 7 * Math.sin((timeMs / DAY_MS) * 1.3) + site + 0.1 * noise;
      const warmth = Math.sin((day - 0.375) * 2 * Math.PI);
      if (metric === 'temperature') return 11 + 6 * warmth + 1.5 * site + 0.3 * noise;
      return Math.min(100, Math.max(20, 68 - 18 * warmth + 4 * site + noise));
    },
  },
  {
    name: 'traffic',
    metrics: ['speed', 'vehicles'],
    sensorsPerDistrict: 40,
    everyMs: 30_000,
    decimals: 0,
    measure: (metric, day, site, noise) =>
      metric === 'speed'
        ? Math.max(3, 52 + 6 * site - 22 * rush(day) + 4 * noise)
        : Math.max(0, (4 + 3 * site + 22 * rush(day) + 5 * daylight(day)) * (1 + 0.2 * noise)),
  },
  {
    name: 'parking',
    metrics: ['occupied'],
    sensorsPerDistrict: 20,
    everyMs: 60_000,
    decimals: 0,
    measure: (_, day, site, noise) =>
      Math.max(0, (120 + 60 * site) * Math.min(1, 0.25 + 0.65 * daylight(day) + 0.03 * noise)),
  },
  {
    name: 'power',
    metrics: ['kw'],
    sensorsPerDistrict: 300,
    everyMs: 5_000,
    decimals: 3,
    measure: (_, day, site, noise) =>
      Math.max(0.04, (0.35 + 0.5 * around(day, 7, 1.2) + 1.4 * around(day, 19, 2.2)) * (1 + 0.6 * site) + 0.08 * noise),
  },
  {
    name: 'water',
    metrics: ['flow'],
    sensorsPerDistrict: 100,
    everyMs: 60_000,
    decimals: 2,
    measure: (_, day, site, noise) =>
      Math.max(0, (0.2 + 1.1 * around(day, 7, 1) + 0.8 * around(day, 20, 2)) * (1 + 0.5 * site + 0.4 * noise)),
  },
  {
    name: 'noise',
    metrics: ['dba'],
    sensorsPerDistrict: 15,
    everyMs: 5_000,
    decimals: 1,
    measure: (_, day, site, noise) => 42 + 5 * site + 14 * daylight(day) + 6 * rush(day) + 2.5 * noise,
  },
];

/** A sensor of the city: its kind, its district, its number there. */
export interface Site {
  readonly kind: Kind;
  /** Index into {@link DISTRICTS}. */
  readonly district: number;
  readonly number: number;
}

export function sensorName({ kind, district, number }: Site): string {
  return `${kind.name}-${DISTRICTS[district] ?? ''}-${String(number).padStart(3, '0')}`;
}

export function valueAt(seed: number, site: Site, metric: string, timeMs: number): number {
  const { kind, district, number } = site;
  const metricNumber = kind.metrics.indexOf(metric);
  const kindNumber = KINDS.indexOf(kind);
  const particular = bell(seed, kindNumber, district) * 0.4 + bell(seed, kindNumber, district, number) * 0.3;
  const noise = bell(seed, kindNumber, district, number, metricNumber, timeMs);
  const value = kind.measure(metric, (timeMs % DAY_MS) / DAY_MS, particular, noise, timeMs);
  return Number(value.toFixed(kind.decimals));
}

/** Away for this hour: batteries, radio, roadworks. */
export function isSilent(seed: number, { kind, district, number }: Site, timeMs: number): boolean {
  return chance(seed, 7, KINDS.indexOf(kind), district, number, Math.floor(timeMs / HOUR_MS)) < SILENT_SHARE;
}

/** When a sensor measures within its interval: sensors do not all speak at once, ms. */
export function phaseMs(seed: number, { kind, district, number }: Site): number {
  return Math.floor(chance(seed, 11, KINDS.indexOf(kind), district, number) * (kind.everyMs / 1_000)) * 1_000;
}
