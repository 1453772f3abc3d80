/**
 * The registry's entries in memory, for questions by name and for pages in the order of names.
 *
 * Boundary: a data structure; the bucket that feeds it is in nats-registry.ts.
 * Invariant: an entry's revision only rises. A change that comes twice, or late (one's own write is applied before the
 * watch tells of it), changes nothing.
 */
import {
  bucketKey,
  type CityEntry,
  type DistrictEntry,
  type MetricEntry,
  type Registered,
  type RegistryEntry,
  type RegistryKey,
  type SensorEntry,
  type SensorName,
} from '../../model/registry.ts';
import { SortedMap } from './sorted-map.ts';

type Nested<Value, Depth extends 1 | 2 | 3 | 4> = Depth extends 1
  ? SortedMap<Value>
  : SortedMap<Nested<Value, Depth extends 2 ? 1 : Depth extends 3 ? 2 : 3>>;

export class RegistryIndex {
  readonly #all = new Map<string, Registered>();
  /** Keys that were removed, with the revision of what they held: older news of them says nothing. */
  readonly #removed = new Map<string, number>();
  readonly #cities = new SortedMap<Registered<CityEntry>>();
  readonly #metrics = new SortedMap<Registered<MetricEntry>>();
  readonly #districts: Nested<Registered<DistrictEntry>, 2> = new SortedMap();
  readonly #sensors: Nested<Registered<SensorEntry>, 4> = new SortedMap();

  get size(): number {
    return this.#all.size;
  }

  put(entry: RegistryEntry, revision: number): void {
    const key = bucketKey(entry);
    const known = this.#all.get(key)?.revision ?? this.#removed.get(key) ?? 0;
    if (revision <= known) return;
    this.#removed.delete(key);
    this.#all.set(key, { entry, revision });
    switch (entry.of) {
      case 'city':
        return this.#cities.set(entry.city, { entry, revision });
      case 'metric':
        return this.#metrics.set(entry.metric, { entry, revision });
      case 'district':
        return inner(this.#districts, entry.city).set(entry.district, { entry, revision });
      case 'sensor':
        return inner(inner(inner(this.#sensors, entry.city), entry.district), entry.kind).set(entry.sensor, {
          entry,
          revision,
        });
    }
  }

  /** @param revision of the removal, or of what was removed. */
  remove(key: string, revision: number): void {
    const known = this.#all.get(key);
    if (revision < (known?.revision ?? this.#removed.get(key) ?? 0)) return;
    this.#removed.set(key, revision);
    if (known === undefined) return;
    this.#all.delete(key);
    const { entry } = known;
    switch (entry.of) {
      case 'city':
        return this.#cities.delete(entry.city);
      case 'metric':
        return this.#metrics.delete(entry.metric);
      case 'district':
        return this.#districts.get(entry.city)?.delete(entry.district);
      case 'sensor':
        return this.#sensors.get(entry.city)?.get(entry.district)?.get(entry.kind)?.delete(entry.sensor);
    }
  }

  find(key: RegistryKey): Registered | null {
    return this.#all.get(bucketKey(key)) ?? null;
  }

  city(city: string): Registered<CityEntry> | null {
    return this.#cities.get(city) ?? null;
  }

  district(city: string, district: string): Registered<DistrictEntry> | null {
    return this.#districts.get(city)?.get(district) ?? null;
  }

  sensor({ city, district, kind, sensor }: SensorName): Registered<SensorEntry> | null {
    return this.#sensors.get(city)?.get(district)?.get(kind)?.get(sensor) ?? null;
  }

  metric(metric: string): Registered<MetricEntry> | null {
    return this.#metrics.get(metric) ?? null;
  }

  cities(): Registered<CityEntry>[] {
    return Array.from(this.#cities.entries(), ([, city]) => city);
  }

  districts(city: string): Registered<DistrictEntry>[] {
    return Array.from(this.#districts.get(city)?.entries() ?? [], ([, district]) => district);
  }

  metrics(): Registered<MetricEntry>[] {
    return Array.from(this.#metrics.entries(), ([, metric]) => metric);
  }

  sensors(filter: Partial<SensorName>, after: SensorName | null, limit: number): Registered<SensorEntry>[] {
    const found: Registered<SensorEntry>[] = [];
    for (const [city, inCity] of level(this.#sensors, filter.city, after?.city))
      for (const [district, inDistrict] of level(inCity, filter.district, city === after?.city ? after.district : ''))
        for (const [kind, sensors] of level(
          inDistrict,
          filter.kind,
          city === after?.city && district === after.district ? after.kind : '',
        )) {
          const isSame = city === after?.city && district === after.district && kind === after.kind;
          for (const [name, sensor] of level(sensors, filter.sensor, isSame ? after.sensor : '')) {
            if (isSame && name === after.sensor) continue;
            if (found.length >= limit) return found;
            found.push(sensor);
          }
        }
    return found;
  }
}

/** The one key that is asked for, or all from a key on. */
function* level<Value>(map: SortedMap<Value>, only: string | undefined, from = ''): Generator<[string, Value]> {
  if (only === undefined) {
    yield* map.entries(from);
    return;
  }
  const value = map.get(only);
  if (value !== undefined) yield [only, value];
}

function inner<Value>(map: SortedMap<SortedMap<Value>>, key: string): SortedMap<Value> {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = new SortedMap<Value>();
  map.set(key, made);
  return made;
}
