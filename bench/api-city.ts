/**
 * Made-up cities of the `api` benchmark, whose every figure follows from a formula.
 *
 * Job: fills the tables with a city's hours inside ClickHouse, publishes its open hour, and says what each answer must be.
 * Boundary: the formula stands here twice, in SQL for the tables and in JavaScript for the expected answers; neither
 * reads the other's result.
 *
 * Cast: sensors behind gateways of 100, five gateways a district, four metrics in turn. The rows are those that workers
 * write: a gateway's partition is the broker's own hash of (city, district, source), each partition seals one block an
 * hour, and every insert holds whole hours, so that the materialized views see a block at once (invariant 5).
 */
import type { ClickHouseClient } from '@clickhouse/client';
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { HOUR_MS, hourOf, monthOf } from '../src/model/hour.ts';
import { CADENCE_HOURS } from '../src/model/limits.ts';
import { INSERT_SETTINGS } from '../src/runtime/clickhouse-schema.ts';
import { encodeFrame } from '../src/runtime/decode/frame-writer.ts';

export const KIND = 'air';
export const METRICS = ['humidity', 'no2', 'pm10', 'temperature'] as const;
const SENSORS_PER_GATEWAY = 100;
const GATEWAYS_PER_DISTRICT = 5;
/** A reading a minute. */
const READINGS = 60;
/** Rows of one insert, at most: as many as workers' inserts of several blocks have. */
const INSERT_ROWS_MAX = 200_000;
/** A stream that was there before: its blocks have nothing to do with those of the benchmark's workers. */
export const INCARNATION = 1;

/** What a list of hours or days says of one period. */
export interface Expected {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

export class ApiCity {
  readonly name: string;
  readonly sensors: number;
  readonly firstHour: number;
  /** Exclusive. */
  readonly endHour: number;
  readonly #partitions: number;

  /** @param sensors whole gateways. @param partitions of the stream. */
  constructor(name: string, sensors: number, firstHour: number, endHour: number, partitions: number) {
    if (sensors % SENSORS_PER_GATEWAY !== 0) throw new RangeError('a gateway has 100 sensors');
    this.name = name;
    this.sensors = sensors;
    this.firstHour = firstHour;
    this.endHour = endHour;
    this.#partitions = partitions;
  }

  get rows(): number {
    return this.sensors * (this.endHour - this.firstHour);
  }

  get districts(): number {
    return Math.ceil(this.#gateways / GATEWAYS_PER_DISTRICT);
  }

  get #gateways(): number {
    return this.sensors / SENSORS_PER_GATEWAY;
  }

  districtOf(sensor: number): string {
    return districtName(this.#gatewayOf(sensor));
  }

  metricOf(sensor: number): string {
    return METRICS[sensor % METRICS.length] ?? '';
  }

  /** Sensors of a district and metric, or of all districts. */
  sensorsOf(metric: string, district?: string): number[] {
    return Array.from({ length: this.sensors }, (_, sensor) => sensor).filter(
      (sensor) => this.metricOf(sensor) === metric && (district === undefined || this.districtOf(sensor) === district),
    );
  }

  /** What hours of sensors add up to. */
  expected(sensors: readonly number[], fromHour: number, toHour: number): Expected {
    let [count, sum, min, max] = [0, 0, Infinity, -Infinity];
    for (const sensor of sensors) {
      for (let hour = fromHour; hour < toHour; hour++) {
        const mean = meanOf(sensor, hour);
        count += READINGS;
        sum += READINGS * mean;
        min = Math.min(min, mean - 1);
        max = Math.max(max, mean + 1);
      }
    }
    return { count, sum, min, max };
  }

  /** All hours, a month after the other, each month merged to one part as a month of the past is. */
  async fill(client: ClickHouseClient, say: (text: string) => void): Promise<void> {
    const hoursPerInsert = Math.max(1, Math.floor(INSERT_ROWS_MAX / this.sensors));
    for (let hour = this.firstHour; hour < this.endHour;) {
      const month = monthOf(hour);
      let end = hour;
      while (end < this.endHour && monthOf(end) === month) end++;
      await this.#fillHours(client, hour, end, hoursPerInsert);
      for (const table of ['hourly_facts', 'district_facts'])
        await client.command({ query: `OPTIMIZE TABLE hourglass.${table} PARTITION ${String(month)} FINAL` });
      say(`${String(month)} is in the tables`);
      hour = end;
    }
    await client.command({ query: 'OPTIMIZE TABLE hourglass.sensor_facts FINAL' });
  }

  /** The week before an hour: what the open hour's coverage is measured by. */
  async fillWeekBefore(client: ClickHouseClient, hour: number): Promise<void> {
    const hoursPerInsert = Math.max(1, Math.floor(INSERT_ROWS_MAX / this.sensors));
    await this.#fillHours(client, hour - CADENCE_HOURS, hour, hoursPerInsert);
  }

  get rowsOfWeek(): number {
    return this.sensors * CADENCE_HOURS;
  }

  async #fillHours(client: ClickHouseClient, from: number, to: number, hoursPerInsert: number): Promise<void> {
    const partitions = Array.from({ length: this.#gateways }, (_, gateway) =>
      partitionOf([this.name, districtName(gateway), gatewayName(gateway)], this.#partitions),
    );
    const rows = hoursPerInsert * this.sensors;
    const query = `
      INSERT INTO hourglass.hourly_facts
      WITH number % {sensors:UInt32} AS s, {from:UInt32} + intDiv(number, {sensors:UInt32}) AS h,
        intDiv(s, ${String(SENSORS_PER_GATEWAY)}) AS gateway,
        toUInt32(s * 2654435761 + h * 40503) AS mixed,
        20 + bitShiftRight(toUInt32(bitXor(mixed, bitShiftRight(mixed, 15)) * 2246822519), 22) / 64 AS mean_value
      SELECT {city:String}, concat('district-', leftPad(toString(intDiv(gateway, ${String(GATEWAYS_PER_DISTRICT)})), 2, '0')),
        {kind:String}, {metrics:Array(String)}[s % ${String(METRICS.length)} + 1], concat('sensor-', leftPad(toString(s), 9, '0')),
        toDateTime(h * 3600, 'UTC'), {partitions:Array(UInt16)}[gateway + 1], h - {epoch:UInt32} + 1, ${String(INCARNATION)}, 0,
        ${String(READINGS)}, ${String(READINGS)} * mean_value, 0, mean_value - 1, mean_value + 1, s % 60000, 3540000 + s % 60000
      FROM numbers({rows:UInt64})`;
    await client.command({
      query,
      query_params: {
        city: this.name,
        kind: KIND,
        metrics: METRICS,
        sensors: this.sensors,
        epoch: this.firstHour,
        partitions,
        from,
        rows: (to - from) * this.sensors,
      },
      clickhouse_settings: {
        ...INSERT_SETTINGS,
        // A block is read, made and inserted as it is: whole hours.
        max_block_size: String(rows),
        max_threads: 1,
        min_insert_block_size_rows: '0',
        min_insert_block_size_bytes: '0',
      },
    });
  }

  /** Readings of every sensor at one moment, acknowledged. Values are the sensors' numbers. */
  async publishOpenHour(nc: NatsConnection, timeMs: number): Promise<void> {
    const js = jetstream(nc);
    for (let gateway = 0; gateway < this.#gateways; gateway++) {
      const sensors = Array.from({ length: SENSORS_PER_GATEWAY }, (_, at) => gateway * SENSORS_PER_GATEWAY + at);
      const frame = encodeFrame({
        metric: sensors.map((sensor) => this.metricOf(sensor)),
        baseMs: timeMs,
        sensors: sensors.map(sensorName),
        values: Float64Array.from(sensors),
      });
      await js.publish(`sensors.${this.name}.${districtName(gateway)}.${KIND}.${gatewayName(gateway)}`, frame);
    }
  }

  #gatewayOf(sensor: number): number {
    return Math.floor(sensor / SENSORS_PER_GATEWAY);
  }
}

/** The first and the last hour of a year, as indexes: `[from, to)`. */
export function hoursOfYear(year: number): [from: number, to: number] {
  return [hourOf(Date.UTC(year, 0, 1)), Date.UTC(year + 1, 0, 1) / HOUR_MS];
}

export function sensorName(sensor: number): string {
  return `sensor-${String(sensor).padStart(9, '0')}`;
}

/** The mean of a sensor's hour: as in the SQL above, a hash of both between 20 and 36, in steps of 1/64. */
function meanOf(sensor: number, hour: number): number {
  const mixed = (Math.imul(sensor, 2654435761) + Math.imul(hour, 40503)) >>> 0;
  return 20 + (Math.imul(mixed ^ (mixed >>> 15), 2246822519) >>> 22) / 64;
}

function districtName(gateway: number): string {
  return `district-${String(Math.floor(gateway / GATEWAYS_PER_DISTRICT)).padStart(2, '0')}`;
}

function gatewayName(gateway: number): string {
  return `gateway-${String(gateway)}`;
}

/** The broker's hash: FNV-1a of 32 bits over the tokens, one after the other. */
function partitionOf(tokens: readonly string[], partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(tokens.join(''))) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0) % partitions;
}
