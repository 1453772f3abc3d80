/**
 * What must come out: the exact figures of every series' hour, and of every rollup, from what was published.
 *
 * Boundary: memory only, and no code shared with actors, tables or views. Values are whole numbers, so sums are exact.
 */
import { HOUR_MS } from '../model/hour.ts';

export interface Figures {
  count: number;
  sum: number;
  min: number;
  max: number;
}

export interface SeriesName {
  readonly city: string;
  readonly district: string;
  readonly kind: string;
  readonly metric: string;
  readonly sensor: string;
}

/** Figures with the number of different sensors. */
export interface Rollup extends Figures {
  sensors: number;
}

/** One series of the answer; readings are added to it as they are published. */
export class ExactSeries {
  readonly name: SeriesName;
  /** By the hour's start, ms since 1970. */
  readonly hours = new Map<number, Figures>();

  constructor(name: SeriesName) {
    this.name = name;
  }

  /** @param value whole. */
  add(timeMs: number, value: number): void {
    const hourMs = timeMs - (timeMs % HOUR_MS);
    const found = this.hours.get(hourMs);
    if (found === undefined) {
      this.hours.set(hourMs, { count: 1, sum: value, min: value, max: value });
      return;
    }
    merge(found, { count: 1, sum: value, min: value, max: value });
  }
}

export class ExactAnswer {
  readonly #series: ExactSeries[] = [];
  #elsewhere = 0;
  /** Rejected readings and, as one each, messages rejected whole, by reason. */
  readonly rejected = new Map<string, number>();

  series(name: SeriesName): ExactSeries {
    const made = new ExactSeries(name);
    this.#series.push(made);
    return made;
  }

  reject(reason: string): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }

  /** Readings of cities that are not in this answer: only their number is known. */
  get elsewhere(): number {
    return this.#elsewhere;
  }

  countElsewhere(readings: number): void {
    this.#elsewhere += readings;
  }

  /** All that must be counted. */
  get readings(): number {
    let sum = this.#elsewhere;
    for (const { hours } of this.#series) for (const { count } of hours.values()) sum += count;
    return sum;
  }

  /** `city|district|kind|metric|sensor|hour`. */
  hourly(): Map<string, Figures> {
    const rows = new Map<string, Figures>();
    for (const { name, hours } of this.#series) {
      const { city, district, kind, metric, sensor } = name;
      for (const [hourMs, figures] of hours)
        rows.set([city, district, kind, metric, sensor, hourText(hourMs)].join('|'), figures);
    }
    return rows;
  }

  /** `city|district|kind|metric|hour or day`; with `by: 'city'` without the district. */
  rollup(by: 'district' | 'city', per: 'hour' | 'day'): Map<string, Rollup> {
    const rows = new Map<string, Rollup & { of: Set<ExactSeries> }>();
    for (const series of this.#series) {
      const { city, district, kind, metric } = series.name;
      for (const [hourMs, figures] of series.hours) {
        const time = per === 'hour' ? hourText(hourMs) : dayText(hourMs);
        const key = [city, ...(by === 'district' ? [district] : []), kind, metric, time].join('|');
        const row = rows.get(key);
        if (row === undefined) {
          rows.set(key, { ...figures, sensors: 1, of: new Set([series]) });
          continue;
        }
        merge(row, figures);
        row.of.add(series);
        row.sensors = row.of.size;
      }
    }
    return rows;
  }
}

function merge(into: Figures, more: Figures): void {
  into.count += more.count;
  into.sum += more.sum;
  into.min = Math.min(into.min, more.min);
  into.max = Math.max(into.max, more.max);
}

/** As ClickHouse writes it. */
function hourText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}

function dayText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
