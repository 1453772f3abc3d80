/**
 * How many sensors an hour could have heard of: those that had spoken before it ended, and had not been silent for a week
 * when it began.
 *
 * Boundary: the table of sensors, as steps up and down per place and kind; adding them up is {@link KnownSensors}.
 */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { SENSOR_KNOWN_HOURS } from '../../model/limits.ts';
import { type MetricPlace, type Placed, withinMetrics } from './places.ts';
import { equalTo, selectRows } from './sql.ts';

/** Steps of one place and kind: from the hour on there are so many sensors, until the next step. */
type Steps = { hour: number; sensors: number; sensorHoursBefore: number }[];

/** Whose sensors are counted. */
export interface KnownOf extends Placed {
  readonly kind: string;
}

/** From an hour (its index) on there are so many sensors more, or less. */
export interface KnownChange extends KnownOf {
  readonly hour: number;
  readonly change: number;
}

export class KnownSensors {
  readonly #steps = new Map<string, Steps>();
  /** Whom somebody asked about last: rows of a place follow each other. */
  #last: { readonly of: KnownOf; readonly steps: Steps } | null = null;

  /** @param changes in the order of hours for each place and kind. */
  constructor(changes: Iterable<KnownChange>) {
    for (const of of changes) {
      const { hour, change } = of;
      const steps = this.#steps.get(keyOf(of)) ?? [];
      this.#steps.set(keyOf(of), steps);
      const last = steps.at(-1);
      const sensorHoursBefore = last === undefined ? 0 : last.sensorHoursBefore + last.sensors * (hour - last.hour);
      steps.push({ hour, sensors: (last?.sensors ?? 0) + change, sensorHoursBefore });
    }
  }

  /** Sensors that are, or once were, known: of all places and kinds together. */
  get sensors(): number {
    let sensors = 0;
    for (const steps of this.#steps.values())
      for (const [at, { sensors: now }] of steps.entries()) sensors += Math.max(0, now - (steps[at - 1]?.sensors ?? 0));
    return sensors;
  }

  /** Steps of all places and kinds together. */
  get size(): number {
    let size = 0;
    for (const steps of this.#steps.values()) size += steps.length;
    return size;
  }

  /** Sensors that were known, added up over the hours from `fromHour` up to and without `toHour`. */
  sensorHours(of: KnownOf, fromHour: number, toHour: number): number {
    const { city, district, kind } = of;
    const last = this.#last;
    const isSame = last !== null && last.of.kind === kind && last.of.district === district && last.of.city === city;
    const { steps } = isSame ? last : (this.#last = { of, steps: this.#steps.get(keyOf(of)) ?? [] });
    return toHour <= fromHour ? 0 : before(steps, toHour) - before(steps, fromHour);
  }
}

function keyOf({ city, district, kind }: KnownOf): string {
  return `${city}/${district ?? ''}/${kind}`;
}

function before(steps: Steps, hour: number): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((steps[middle]?.hour ?? Infinity) <= hour) low = middle + 1;
    else high = middle;
  }
  const step = steps[low - 1];
  return step === undefined ? 0 : step.sensorHoursBefore + step.sensors * (hour - step.hour);
}

export interface KnownAsk {
  /** All of one sort. */
  readonly places: readonly MetricPlace[];
  readonly kind?: string | undefined;
}

/** Of a metric. */
export type MetricChange = KnownChange & { readonly metric: string };

/** @returns those of a place and metric in the order that {@link KnownSensors} takes. */
export function readKnownChanges(
  client: ClickHouseClient,
  { places, kind }: KnownAsk,
  settings: ClickHouseSettings = {},
): Promise<MetricChange[]> {
  const { isOfDistricts, within, params } = withinMetrics(places);
  return readChanges(client, isOfDistricts, settings, `${within}${equalTo({ kind })}`, { ...params, kind });
}

/** Of districts, or of cities. @param within `AND ...` */
export async function readChanges(
  client: ClickHouseClient,
  isOfDistricts: boolean,
  settings: ClickHouseSettings,
  within = '',
  params: Readonly<Record<string, unknown>> = {},
): Promise<MetricChange[]> {
  const columns = isOfDistricts ? 'city, district, metric, kind' : 'city, metric, kind';
  const rows = await selectRows<[string, string | null, string, string, number, number]>(
    client,
    `SELECT city, ${isOfDistricts ? 'district' : 'NULL'}, metric, kind, hour, sum(change) FROM
     (
       SELECT ${columns}, arrayJoin([
         (intDiv(toUnixTimestamp(min(first_seen)), 3600), 1),
         (intDiv(toUnixTimestamp(max(last_seen)), 3600) + {knownHours:UInt32} + 1, -1)]) AS step, step.1 AS hour, step.2 AS change
       FROM hourglass.sensor_facts WHERE true${within}
       GROUP BY city, district, kind, metric, sensor
     )
     GROUP BY ${columns}, hour ORDER BY ${columns}, hour`,
    { ...params, knownHours: SENSOR_KNOWN_HOURS },
    settings,
  );
  return rows.map(([city, district, metric, kindOf, hour, change]) => ({
    city,
    district,
    metric,
    kind: kindOf,
    hour,
    change,
  }));
}
