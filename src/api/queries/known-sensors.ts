/**
 * How many sensors an hour could have heard of: those that had spoken before it ended, and had not been silent for a week
 * when it began.
 *
 * Boundary: the table of sensors, as steps up and down per place and kind; adding them up is {@link KnownSensors}.
 */
import type { ClickHouseClient, ClickHouseSettings } from '@clickhouse/client';
import { SENSOR_KNOWN_HOURS } from '../../model/limits.ts';
import { type Place, type Placed, placesOf } from './places.ts';
import { equalTo, selectRows } from './sql.ts';

/** Steps of one place and kind: from the hour on there are so many sensors, until the next step. */
type Steps = { hour: number; sensors: number; sensorHoursBefore: number }[];

/** Whose sensors are counted. */
export interface KnownOf extends Placed {
  readonly kind: string;
}

export class KnownSensors {
  readonly #steps = new Map<string, Steps>();
  /** Whom somebody asked about last: rows of a place follow each other. */
  #last: { readonly of: KnownOf; readonly steps: Steps } | null = null;

  /** @param changes hour index and how many sensors more or less there are from it on, in the order of hours for each of them. */
  constructor(changes: Iterable<readonly [of: KnownOf, hour: number, change: number]>) {
    for (const [of, hour, change] of changes) {
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
  readonly places: readonly Place[];
  readonly metric: string;
  readonly kind?: string | undefined;
}

export async function readKnownSensors(
  client: ClickHouseClient,
  ask: KnownAsk,
  settings: ClickHouseSettings = {},
): Promise<KnownSensors> {
  const places = placesOf(ask.places);
  const { metric, kind } = ask;
  const rows = await selectRows<[string, string | null, string, number, number]>(
    client,
    `SELECT ${places.selected}, kind, hour, sum(change) FROM
     (
       SELECT ${places.columns}, kind, arrayJoin([
         (intDiv(toUnixTimestamp(min(first_seen)), 3600), 1),
         (intDiv(toUnixTimestamp(max(last_seen)), 3600) + {knownHours:UInt32} + 1, -1)]) AS step, step.1 AS hour, step.2 AS change
       FROM hourglass.sensor_facts WHERE true${places.within}${equalTo({ metric, kind })}
       GROUP BY city, district, kind, metric, sensor
     )
     GROUP BY ${places.columns}, kind, hour ORDER BY ${places.columns}, kind, hour`,
    { ...places.params, metric, kind, knownHours: SENSOR_KNOWN_HOURS },
    settings,
  );
  return new KnownSensors(
    rows.map(([city, district, kindOf, hour, change]) => [{ city, district, kind: kindOf }, hour, change]),
  );
}
