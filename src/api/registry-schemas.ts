/**
 * Entries of the registry as bodies, in schemas that validate requests and stand in /openapi.json.
 *
 * Boundary: shapes; the rules are the model's (src/model/registry.ts, geojson.ts, ucum.ts).
 */
import { z } from '@hono/zod-openapi';
import * as geojson from '../model/geojson.ts';
import { METRICS_PER_SENSOR_MAX, UNIT_CHARS_MAX } from '../model/limits.ts';
import {
  label as labelRule,
  timeZone as timeZoneRule,
  unit as unitRule,
  units as unitsRule,
} from '../model/registry.ts';

const text = z.string();
/** The model's schemas may be older than what the package above adds to all that come after it; a copy is younger. */
const copyOf = <Schema extends z.ZodType>(rule: Schema): Schema => rule.clone();

export const label = labelRule;
export const unit = copyOf(unitRule).openapi({
  minLength: 1,
  maxLength: UNIT_CHARS_MAX,
  description: 'UCUM code, case sensitive; checked by its grammar.',
  example: 'ug/m3',
});
export const timeZone = copyOf(timeZoneRule).openapi({ description: 'IANA', example: 'Europe/Lisbon' });
export const units = copyOf(unitsRule).openapi({
  maxProperties: METRICS_PER_SENSOR_MAX,
  description: 'UCUM codes of this sensor’s metrics, where they are not the metric’s own.',
  example: { temperature: '[degF]' },
});
export const point = copyOf(geojson.point).openapi('Point', {
  description: 'Longitude, latitude, altitude.',
  example: { type: 'Point', coordinates: [-9.13, 38.71] },
});
export const area = copyOf(geojson.area).openapi('Area', { description: 'Polygon or MultiPolygon; rings are closed.' });

/** A member that may be left out of a body: null, as in answers. */
export const orNull = <Schema extends z.ZodType>(schema: Schema) => schema.nullable().default(null);

export const cityBody = z
  .strictObject({ name: orNull(label), time_zone: timeZone.default('UTC') })
  .openapi('CityInput');
export const city = z.object({ city: text, name: label.nullable(), time_zone: timeZone }).openapi('RegisteredCity');

export const districtBody = z.strictObject({ name: orNull(label), shape: orNull(area) }).openapi('DistrictInput');
export const district = z
  .object({ city: text, district: text, name: label.nullable(), shape: area.nullable() })
  .openapi('RegisteredDistrict');

export const sensorBody = z
  .strictObject({ name: orNull(label), owner: orNull(label), location: orNull(point), units: units.default({}) })
  .openapi('SensorInput');
export const sensor = z
  .object({
    city: text,
    district: text,
    kind: text,
    sensor: text,
    name: label.nullable(),
    owner: label.nullable(),
    location: point.nullable(),
    units,
  })
  .openapi('RegisteredSensor');

export const metricBody = z.strictObject({ name: orNull(label), unit: orNull(unit) }).openapi('MetricInput');
export const metric = z
  .object({ metric: text, name: label.nullable(), unit: unit.nullable() })
  .openapi('RegisteredMetric');
