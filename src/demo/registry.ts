/**
 * What the registry says of the demo's cities: names, shapes, places, owners, units.
 *
 * Boundary: pure, the same every time; who writes it is registry-publisher.ts.
 */
import type { RegistryEntry } from '../model/registry.ts';
import { CITY, DISTRICTS, KINDS, sensorName } from './city-model.ts';
import { positionWithin, shapesOf } from './district-map.ts';
import { AARHUS_MAP, METROPOLIS_MAP } from './maps.ts';

const DISTRICT_NAMES: Readonly<Record<(typeof DISTRICTS)[number], string>> = {
  airport: 'Airport',
  campus: 'Campus',
  harbour: 'Harbour',
  hills: 'The Hills',
  'old-town': 'Old Town',
  riverside: 'Riverside',
};
const OWNERS: Readonly<Record<string, { thing: string; owner: string }>> = {
  air: { thing: 'Air station', owner: 'Environment Office' },
  weather: { thing: 'Weather mast', owner: 'Environment Office' },
  traffic: { thing: 'Traffic counter', owner: 'Roads Department' },
  parking: { thing: 'Car park', owner: 'Roads Department' },
  power: { thing: 'Power meter', owner: 'Metropolis Electric' },
  water: { thing: 'Water meter', owner: 'Metropolis Waterworks' },
  noise: { thing: 'Noise monitor', owner: 'Environment Office' },
};

/** Metric -> its name and its unit (UCUM). */
const METRICS: Readonly<Record<string, readonly [name: string, unit: string]>> = {
  avgMeasuredTime: ['Average travel time', 's'],
  avgSpeed: ['Average speed', 'km/h'],
  dba: ['Noise level, A-weighted', 'dB[SPL]'],
  flow: ['Water flow', 'm3/h'],
  humidity: ['Relative humidity', '%'],
  kw: ['Electric power', 'kW'],
  no2: ['Nitrogen dioxide', 'ug/m3'],
  occupied: ['Occupied parking spaces', '{spaces}'],
  pm10: ['Particulate matter, 10 µm', 'ug/m3'],
  pm25: ['Particulate matter, 2.5 µm', 'ug/m3'],
  pressure: ['Air pressure', 'hPa'],
  speed: ['Speed', 'km/h'],
  temperature: ['Air temperature', 'Cel'],
  vehicleCount: ['Vehicles counted', '{vehicles}'],
  vehicles: ['Vehicles per interval', '{vehicles}'],
};

const AARHUS_NAMES: Readonly<Record<string, string>> = {
  centre: 'Centre',
  east: 'East',
  north: 'North',
  south: 'South',
  west: 'West',
};

export function metropolisEntries(): RegistryEntry[] {
  const shapes = shapesOf(METROPOLIS_MAP);
  const districts = DISTRICTS.flatMap((district, at): RegistryEntry[] => {
    const shape = shapes.get(district) ?? null;
    if (shape === null) return [];
    const sensors = KINDS.flatMap((kind, kindAt) =>
      Array.from({ length: kind.sensorsPerDistrict }, (_, number): RegistryEntry => {
        const { thing, owner } = OWNERS[kind.name] ?? { thing: 'Sensor', owner: 'City' };
        return {
          of: 'sensor',
          city: CITY,
          district,
          kind: kind.name,
          sensor: sensorName({ kind, district: at, number }),
          name: `${thing} ${String(number + 1)}, ${DISTRICT_NAMES[district]}`,
          owner,
          location: { type: 'Point', coordinates: positionWithin(shape, at, kindAt, number) },
          units: {},
        };
      }),
    );
    return [{ of: 'district', city: CITY, district, name: DISTRICT_NAMES[district], shape }, ...sensors];
  });
  return [{ of: 'city', city: CITY, name: 'Metropolis', timeZone: 'Europe/Lisbon' }, ...districts];
}

/** @param sensors names and districts of the recorded sensors. */
export function aarhusEntries(sensors: readonly { sensor: string; district: string }[]): RegistryEntry[] {
  const city = 'aarhus';
  const shapes = shapesOf(AARHUS_MAP);
  return [
    { of: 'city', city, name: 'Aarhus', timeZone: 'Europe/Copenhagen' },
    ...Array.from(shapes, ([district, shape]): RegistryEntry => {
      return { of: 'district', city, district, name: AARHUS_NAMES[district] ?? null, shape };
    }),
    ...sensors.map(({ sensor, district }): RegistryEntry => {
      const shape = shapes.get(district);
      const location =
        shape === undefined
          ? null
          : { type: 'Point' as const, coordinates: positionWithin(shape, Number(sensor) || 0, 3) };
      return {
        of: 'sensor',
        city,
        district,
        kind: 'traffic',
        sensor,
        name: `Road section ${sensor}`,
        owner: null,
        location,
        units: {},
      };
    }),
  ];
}

export function metricEntries(): RegistryEntry[] {
  return Object.entries(METRICS).map(([metric, [name, unit]]) => ({ of: 'metric', metric, name, unit }));
}
