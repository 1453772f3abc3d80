/**
 * What all views of a city share: its name, time zone, districts, and how its metrics are called and measured.
 *
 * Boundary: API and registry together; what nobody has registered is made up for from the addresses themselves.
 */
import { useMemo } from 'preact/hooks';
import { ApiError } from '../api/http.ts';
import { type District, readDistricts } from '../api/hourglass.ts';
import { type DistrictShapes, readCityEntry, readMetrics, readShapes } from '../api/registry.ts';
import { type Resource, useResource } from '../api/use-resource.ts';
import { type CivilTime, civilTime } from '../figures/civil-time.ts';
import { titleOf } from '../figures/format.ts';
import { type Unit, shownUnit, unitOf } from '../figures/units.ts';

export interface Metric {
  readonly id: string;
  readonly name: string;
  /** What its figures are stored in. */
  readonly own: Unit;
  /** What the reader wants to see. */
  readonly shown: Unit;
}

export interface CityKnown {
  readonly id: string;
  readonly name: string;
  readonly time: CivilTime;
  /** False: nobody registered a time zone, and UTC is shown. */
  readonly hasZone: boolean;
  readonly districts: readonly District[];
  readonly shapes: DistrictShapes | null;
  readonly metrics: readonly Metric[];
  readonly nameOf: (district: string) => string;
  readonly metricOf: (id: string) => Metric;
}

/** New districts and sensors show up within this time, ms. */
const DISTRICTS_MS = 60_000;

export function useCity(id: string | null, units: readonly string[]): Resource<CityKnown> {
  const loaded = useResource(id === null ? null : `city/${id}`, (signal) => load(id ?? '', signal), DISTRICTS_MS);
  const chosen = units.join(',');
  const value = useMemo(
    () => (loaded.value === null ? null : known(loaded.value, chosen.split(','))),
    [loaded.value, chosen],
  );
  return { ...loaded, value };
}

type Loaded = Awaited<ReturnType<typeof load>>;

async function load(id: string, signal: AbortSignal) {
  const [districts, entry, shapes, metrics] = await Promise.all([
    readDistricts(id, signal),
    readCityEntry(id, signal),
    readShapes(id, signal),
    readMetrics(signal),
  ]);
  if (districts.length === 0) throw new ApiError(404, `No reading of a city “${id}” has arrived yet.`);
  return { id, districts, entry, shapes, metrics };
}

function known({ id, districts, entry, shapes, metrics }: Loaded, chosen: readonly string[]): CityKnown {
  const entries = new Map(metrics.map((one) => [one.metric, one]));
  const metricOf = (metric: string): Metric => {
    const { name, unit } = entries.get(metric) ?? { name: null, unit: null };
    const own = unitOf(unit);
    return { id: metric, name: name ?? nameOfMetric(metric), own, shown: shownUnit(own, chosen) };
  };
  const names = new Map(shapes.features.map(({ properties }) => [properties.district, properties.name]));
  return {
    id,
    name: entry?.name ?? titleOf(id),
    time: civilTime(entry?.time_zone ?? 'UTC'),
    hasZone: entry !== null,
    districts,
    shapes: shapes.features.some(({ geometry }) => geometry !== null) ? shapes : null,
    metrics: [...new Set(districts.flatMap((one) => one.metrics))].sort().map(metricOf),
    nameOf: (district) => names.get(district) ?? titleOf(district),
    metricOf,
  };
}

/** `vehicleCount` is Vehicle count; `no2` and `kw` stay what they are: their letters mean something. */
function nameOfMetric(metric: string): string {
  return metric.length <= 3 || /\d/.test(metric) ? metric : titleOf(metric);
}
