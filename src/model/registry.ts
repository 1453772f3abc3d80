/**
 * The registry: what people say about cities, districts, sensors and metrics; readings say nothing of it.
 *
 * Boundary: entries, their keys and bytes in a JetStream key-value bucket. The bucket is opened in src/runtime/registry, the
 * API answers from memory.
 * Invariants: a key is legal whatever a sensor is called (names go as base64url); a value holds its own names and a version,
 * so that it can be read without its key; the largest value fits a broker's default message.
 */
import { z } from 'zod';
import { area, point } from './geojson.ts';
import { METRICS_PER_SENSOR_MAX, REGISTRY_LABEL_CHARS_MAX } from './limits.ts';
import { isMetricName, isSensorName, isSubjectToken } from './names.ts';
import { timeZoneOf } from './time-zone.ts';
import { isUcumCode } from './ucum.ts';

export const REGISTRY_BUCKET = 'HOURGLASS_REGISTRY';
/** Keys that begin so are notes of programs that write entries, no entries. */
export const REGISTRY_NOTE_PREFIX = 'note.';
const VALUE_VERSION = 1;

const token = z.string().refine(isSubjectToken);
const metricName = z.string().refine(isMetricName, 'expected the name of a metric');
const sensorName = z.string().refine((name) => {
  const bytes = Buffer.from(name, 'utf8');
  return isSensorName(bytes, 0, bytes.length);
});

/** What a person calls it, or who owns it. */
export const label = z
  .string()
  .min(1)
  .max(REGISTRY_LABEL_CHARS_MAX)
  .refine((text) => !/\p{Cc}/u.test(text) && text.trim() === text, 'expected no control characters, no outer spaces');
export const unit = z
  .string()
  .refine(isUcumCode, 'expected a UCUM code, such as Cel, ug/m3, km/h, % or {vehicles}; 1 where there is no unit');
export const timeZone = z
  .string()
  .refine((text) => timeZoneOf(text) !== null, 'expected an IANA time zone, such as Europe/Lisbon');
/** Units of a sensor's metrics, where they are not the metric's own. */
export const units = z
  .record(metricName, unit)
  .refine(
    (given) => Object.keys(given).length <= METRICS_PER_SENSOR_MAX,
    `expected at most ${String(METRICS_PER_SENSOR_MAX)} metrics`,
  );

const entrySchema = z.discriminatedUnion('of', [
  z.object({ of: z.literal('city'), city: token, name: label.nullable(), timeZone }),
  z.object({
    of: z.literal('district'),
    city: token,
    district: token,
    name: label.nullable(),
    shape: area.nullable(),
  }),
  z.object({
    of: z.literal('sensor'),
    city: token,
    district: token,
    kind: token,
    sensor: sensorName,
    name: label.nullable(),
    owner: label.nullable(),
    location: point.nullable(),
    units,
  }),
  z.object({ of: z.literal('metric'), metric: metricName, name: label.nullable(), unit: unit.nullable() }),
]);
const valueSchema = z.object({ version: z.literal(VALUE_VERSION), entry: entrySchema });

export type RegistryEntry = z.infer<typeof entrySchema>;
type EntryOf<Of extends RegistryEntry['of']> = Extract<RegistryEntry, { of: Of }>;
export type CityEntry = EntryOf<'city'>;
export type DistrictEntry = EntryOf<'district'>;
export type SensorEntry = EntryOf<'sensor'>;
export type MetricEntry = EntryOf<'metric'>;

/** What names an entry. */
export type RegistryKey =
  | Pick<CityEntry, 'of' | 'city'>
  | Pick<DistrictEntry, 'of' | 'city' | 'district'>
  | Pick<SensorEntry, 'of' | 'city' | 'district' | 'kind' | 'sensor'>
  | Pick<MetricEntry, 'of' | 'metric'>;
export type SensorName = Pick<SensorEntry, 'city' | 'district' | 'kind' | 'sensor'>;

/** An entry as it stands in the bucket. */
export interface Registered<Entry extends RegistryEntry = RegistryEntry> {
  readonly entry: Entry;
  /** Rises with every change of any entry; names this state of this one. */
  readonly revision: number;
}

/** The key in the bucket: letters, digits, `_`, `-`, and dots between the parts. */
export function bucketKey(key: RegistryKey): string {
  switch (key.of) {
    case 'city':
      return `city.${key.city}`;
    case 'district':
      return `district.${key.city}.${key.district}`;
    case 'sensor':
      return `sensor.${key.city}.${key.district}.${key.kind}.${base64url(key.sensor)}`;
    case 'metric':
      return `metric.${base64url(key.metric)}`;
  }
}

function base64url(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

export function encodeEntry(entry: RegistryEntry): Uint8Array {
  return Buffer.from(JSON.stringify({ version: VALUE_VERSION, entry }), 'utf8');
}

/** @throws where the bytes are no entry that this version understands. */
export function decodeEntry(bytes: Uint8Array): RegistryEntry {
  return valueSchema.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))).entry;
}
