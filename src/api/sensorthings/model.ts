/**
 * The entity sets of SensorThings and what leads from one to another.
 *
 * Boundary: names. A Thing is a sensor of ours (its Sensor and its FeatureOfInterest have the same id), a Datastream a
 * series, an Observation one hour of it; an ObservedProperty is a metric, a Location what the registry says.
 */

interface Navigation {
  readonly to: EntitySet;
  readonly isMany: boolean;
}
const one = (to: EntitySet): Navigation => ({ to, isMany: false });
const many = (to: EntitySet): Navigation => ({ to, isMany: true });

export type EntitySet =
  | 'Things'
  | 'Locations'
  | 'HistoricalLocations'
  | 'Datastreams'
  | 'Sensors'
  | 'ObservedProperties'
  | 'Observations'
  | 'FeaturesOfInterest';

export const NAVIGATIONS: Readonly<Record<EntitySet, Readonly<Record<string, Navigation>>>> = {
  Things: {
    Locations: many('Locations'),
    HistoricalLocations: many('HistoricalLocations'),
    Datastreams: many('Datastreams'),
  },
  Locations: { Things: many('Things'), HistoricalLocations: many('HistoricalLocations') },
  HistoricalLocations: { Thing: one('Things'), Locations: many('Locations') },
  Datastreams: {
    Thing: one('Things'),
    Sensor: one('Sensors'),
    ObservedProperty: one('ObservedProperties'),
    Observations: many('Observations'),
  },
  Sensors: { Datastreams: many('Datastreams') },
  ObservedProperties: { Datastreams: many('Datastreams') },
  Observations: { Datastream: one('Datastreams'), FeatureOfInterest: one('FeaturesOfInterest') },
  FeaturesOfInterest: { Observations: many('Observations') },
};

export const ENTITY_SETS = Object.keys(NAVIGATIONS) as EntitySet[];

export function isEntitySet(name: string): name is EntitySet {
  return Object.hasOwn(NAVIGATIONS, name);
}

export function navigationOf(set: EntitySet, name: string): Navigation | undefined {
  return Object.hasOwn(NAVIGATIONS[set], name) ? NAVIGATIONS[set][name] : undefined;
}

const THING_COLUMNS = ['city', 'district', 'kind', 'sensor'] as const;
const STREAM_COLUMNS = ['city', 'district', 'kind', 'metric', 'sensor'] as const;

/** The columns that make the key of an entity, in the order in which its set is given. */
export const KEY_COLUMNS: Readonly<Record<EntitySet, readonly string[]>> = {
  Things: THING_COLUMNS,
  Locations: THING_COLUMNS,
  HistoricalLocations: [],
  Datastreams: STREAM_COLUMNS,
  Sensors: THING_COLUMNS,
  ObservedProperties: ['metric'],
  Observations: [...STREAM_COLUMNS, 'hour'],
  FeaturesOfInterest: THING_COLUMNS,
};

/** The columns that an entity of one set and the entities it leads to have in common. */
export function sharedColumns(from: EntitySet, to: EntitySet): string[] {
  return KEY_COLUMNS[from].filter((column) => KEY_COLUMNS[to].includes(column));
}
