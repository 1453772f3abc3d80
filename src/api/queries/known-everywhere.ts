/**
 * Sensors known of all places and metrics, in one question.
 *
 * Why: much of what a question costs the database is to understand it, and who asks about one district asks about its neighbours next.
 * Boundary: as known-sensors.ts. Where there are too many sensors, each place is asked about for itself.
 */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { EVERYWHERE_ROWS_MAX } from '../../model/limits.ts';
import { readSeriesRows } from './inventory.ts';
import { KnownSensors, type MetricChange, readChanges } from './known-sensors.ts';

interface OfMetric {
  readonly districts: KnownSensors;
  readonly cities: KnownSensors;
}

export class KnownEverywhere {
  /** Null: they are too many. */
  readonly #metrics: ReadonlyMap<string, OfMetric> | null;

  /** @param changes of districts, in the order of hours for each metric, place and kind; null: they are too many. */
  constructor(changes: readonly MetricChange[] | null) {
    if (changes === null) {
      this.#metrics = null;
      return;
    }
    const metrics = new Map<string, MetricChange[]>();
    for (const change of changes) {
      const ofMetric = metrics.get(change.metric);
      if (ofMetric === undefined) metrics.set(change.metric, [change]);
      else ofMetric.push(change);
    }
    this.#metrics = new Map(
      [...metrics].map(([metric, districts]) => [
        metric,
        { districts: new KnownSensors(districts), cities: new KnownSensors(ofCities(districts)) },
      ]),
    );
  }

  /** Steps of all places and metrics together. */
  get size(): number {
    let size = 0;
    for (const { districts, cities } of this.#metrics?.values() ?? []) size += districts.size + cities.size;
    return size;
  }

  /** @returns sensors of all districts, or of all cities; null: they are too many. */
  of(metric: string, isOfDistricts: boolean): KnownSensors | null {
    if (this.#metrics === null) return null;
    const known = this.#metrics.get(metric);
    return known === undefined ? NONE : isOfDistricts ? known.districts : known.cities;
  }
}

const NONE = new KnownSensors([]);

/** A sensor of two districts is two sensors of their city. */
function ofCities(districts: readonly MetricChange[]): MetricChange[] {
  const cities = new Map<string, { of: MetricChange; change: number }>();
  for (const of of districts) {
    const key = `${of.city}/${of.kind}/${String(of.hour)}`;
    const city = cities.get(key);
    if (city === undefined) cities.set(key, { of, change: of.change });
    else city.change += of.change;
  }
  return [...cities.values()]
    .map(({ of, change }) => ({ ...of, district: null, change }))
    .sort((a, b) => a.hour - b.hour);
}

export async function readKnownEverywhere(
  client: ClickHouseClient,
  settings: ClickHouseSettings = {},
): Promise<KnownEverywhere> {
  const areTooMany = (await readSeriesRows(client)) > EVERYWHERE_ROWS_MAX;
  return new KnownEverywhere(areTooMany ? null : await readChanges(client, true, settings));
}
