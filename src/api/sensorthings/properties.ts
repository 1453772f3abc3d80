/**
 * What a path in `$filter` and `$orderby` stands for: a column, an id, an hour.
 *
 * Boundary: names. Paths that lead through a navigation (`Thing/properties/city`) are here where the column is the
 * entity's own; all others are not implemented, and said to be so.
 */
import { readHourId, readMetricId, readStreamId, readThingId } from './ids.ts';

/** A row as the readers give it, by column. */
export type Row = Readonly<Record<string, unknown>>;

export type HourAt = 'whole' | 'end';

export type Property =
  | { readonly is: 'text' | 'number'; readonly column: string }
  /** The hour of an observation: the whole of it, or the instant at which it ends. */
  | { readonly is: 'hour'; readonly at: HourAt }
  /** The columns that an id stands for; null: nothing has this id. */
  | { readonly is: 'id'; readonly read: (one: string) => Row | null };
export type Properties = Readonly<Record<string, Property>>;

const text = (column: string): Property => ({ is: 'text', column });
const number = (column: string): Property => ({ is: 'number', column });
const id = (read: (one: string) => object | null): Property => ({ is: 'id', read: (one) => read(one) as Row | null });

const thing = {
  'properties/city': text('city'),
  'properties/district': text('district'),
  'properties/kind': text('kind'),
  'properties/sensor': text('sensor'),
} satisfies Properties;
const metricKey = (one: string): object | null => {
  const metric = readMetricId(one);
  return metric === null ? null : { metric };
};
const ofThing: Properties = { '@iot.id': id(readThingId), id: id(readThingId), name: text('sensor'), ...thing };
const ofMetric: Properties = {
  '@iot.id': id(metricKey),
  id: id(metricKey),
  name: text('metric'),
  'properties/metric': text('metric'),
};
const ofStream: Properties = {
  '@iot.id': id(readStreamId),
  id: id(readStreamId),
  name: text('metric'),
  ...thing,
  'properties/metric': text('metric'),
  ...below('Thing', ofThing),
  ...below('Sensor', ofThing),
  ...below('ObservedProperty', ofMetric),
};
const ofObservation: Properties = {
  '@iot.id': id(readHourId),
  id: id(readHourId),
  phenomenonTime: { is: 'hour', at: 'whole' },
  resultTime: { is: 'hour', at: 'end' },
  result: number('mean'),
  'parameters/count': number('count'),
  'parameters/sum': number('sum'),
  'parameters/min': number('min'),
  'parameters/max': number('max'),
  'parameters/revision': number('revision'),
  ...below('Datastream', ofStream),
  ...below('FeatureOfInterest', ofThing),
};

export const PROPERTIES = {
  Things: ofThing,
  Sensors: ofThing,
  Locations: { ...ofThing, ...below('Things', ofThing) },
  HistoricalLocations: {},
  FeaturesOfInterest: ofThing,
  ObservedProperties: ofMetric,
  Datastreams: ofStream,
  Observations: ofObservation,
} satisfies Record<string, Properties>;

function below(name: string, properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([path, property]) => [`${name}/${path}`, property]));
}
