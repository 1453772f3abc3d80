/**
 * Rows as the entities of OGC 18-088, section 8: properties, ids and links.
 *
 * Boundary: what an entity says. `name` is the name that readings carry, so that it can be asked for; what people call
 * it is its description. Units are UCUM codes; where none is known all three parts of the unit are null.
 */
import { HOUR_MS } from '../../model/hour.ts';
import type { Catalogue } from './catalogue.ts';
import { hourId, metricId, streamId, thingId, type HourId, type StreamKey, type ThingKey } from './ids.ts';
import { NAVIGATIONS, type EntitySet } from './model.ts';
import type { Row } from './properties.ts';

export type Entity = Record<string, unknown>;

const MEASUREMENT = 'http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement';
const GEOJSON = 'application/geo+json';

/** The `@iot.id` of a row. */
export function idOf(set: EntitySet, row: Row): string {
  switch (set) {
    case 'Things':
    case 'Sensors':
    case 'Locations':
    case 'HistoricalLocations':
    case 'FeaturesOfInterest':
      return thingId(row as unknown as ThingKey);
    case 'Datastreams':
      return streamId(row as unknown as StreamKey);
    case 'ObservedProperties':
      return metricId(String(row['metric']));
    case 'Observations':
      return hourId({ ...row, hour: Date.parse(String(row['hour'])) / HOUR_MS } as HourId);
  }
}

/** @param root the service's URL, without a slash at its end. */
export function linkTo(root: string, set: EntitySet, row: Row): string {
  return `${root}/${set}('${idOf(set, row)}')`;
}

/** What an entity says of itself, in the order of the standard. */
export function propertiesOf(set: EntitySet, row: Row, catalogue: Catalogue, root: string): Entity {
  switch (set) {
    case 'Things':
      return thing(row, catalogue);
    case 'Sensors':
      return sensor(row, catalogue);
    case 'Locations':
      return location(row, catalogue);
    case 'FeaturesOfInterest':
      return feature(row, catalogue);
    case 'ObservedProperties':
      return observedProperty(row, catalogue, root);
    case 'Datastreams':
      return datastream(row, catalogue);
    case 'Observations':
      return observation(row);
    case 'HistoricalLocations':
      throw new Error('there are no historical locations');
  }
}

export function navigationLinks(set: EntitySet, link: string): Entity {
  return Object.fromEntries(
    Object.keys(NAVIGATIONS[set]).map((name) => [`${name}@iot.navigationLink`, `${link}/${name}`]),
  );
}

function names(row: Row): Entity {
  const { city, district, kind, sensor: name } = row;
  return { city, district, kind, sensor: name };
}

function title(row: Row, catalogue: Catalogue): string {
  const known = catalogue.thing(row as unknown as ThingKey)?.title ?? null;
  return known ?? `${String(row['kind'])} sensor in ${String(row['district'])}, ${String(row['city'])}`;
}

function thing(row: Row, catalogue: Catalogue): Entity {
  const owner = catalogue.thing(row as unknown as ThingKey)?.owner ?? null;
  return {
    name: row['sensor'],
    description: title(row, catalogue),
    properties: { ...names(row), ...(owner === null ? {} : { owner }) },
  };
}

function sensor(row: Row, catalogue: Catalogue): Entity {
  return {
    name: row['sensor'],
    description: title(row, catalogue),
    encodingType: 'application/json',
    metadata: names(row),
    properties: names(row),
  };
}

function location(row: Row, catalogue: Catalogue): Entity {
  return {
    name: row['sensor'],
    description: `Where ${title(row, catalogue)} stands`,
    encodingType: GEOJSON,
    location: catalogue.thing(row as unknown as ThingKey)?.location ?? null,
    properties: names(row),
  };
}

function feature(row: Row, catalogue: Catalogue): Entity {
  const geometry = catalogue.thing(row as unknown as ThingKey)?.location ?? null;
  return {
    name: row['sensor'],
    description: `What ${title(row, catalogue)} observes`,
    encodingType: GEOJSON,
    feature: { type: 'Feature', geometry, properties: names(row) },
    properties: names(row),
  };
}

function observedProperty(row: Row, catalogue: Catalogue, root: string): Entity {
  const metric = String(row['metric']);
  return {
    name: metric,
    definition: linkTo(root, 'ObservedProperties', row),
    description: catalogue.metricTitle(metric) ?? metric,
    properties: { metric },
  };
}

function datastream(row: Row, catalogue: Catalogue): Entity {
  const key = row as unknown as StreamKey;
  const unit = catalogue.unitOf(key);
  const place = catalogue.thing(key)?.location ?? null;
  const [first, last] = [row['firstSeenMs'], row['lastSeenMs']].map((ms) => new Date(Number(ms)).toISOString());
  return {
    name: key.metric,
    description: `Hourly means of ${key.metric}: ${title(row, catalogue)}`,
    unitOfMeasurement: { name: unit, symbol: unit, definition: unit === null ? null : `ucum:${unit}` },
    observationType: MEASUREMENT,
    ...(place === null ? {} : { observedArea: place }),
    phenomenonTime: `${String(first)}/${String(last)}`,
    properties: { ...names(row), metric: key.metric, aggregate: 'mean', period: 'PT1H' },
  };
}

function observation(row: Row): Entity {
  const fromMs = Date.parse(String(row['hour']));
  const { count, sum, min, max, status, revision } = row;
  return {
    phenomenonTime: `${seconds(fromMs)}/${seconds(fromMs + HOUR_MS)}`,
    resultTime: seconds(fromMs + HOUR_MS),
    result: row['mean'],
    parameters: { count, sum, min, max, status, revision },
  };
}

function seconds(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
