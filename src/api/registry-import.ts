/**
 * Bulk imports of the registry: sensors from CSV, districts and sensors from GeoJSON.
 *
 * Boundary: text to entries, and everything that is wrong with it, by line or feature; nothing is written here.
 *
 * CSV: a header line, then one sensor a row, or several rows of one sensor where several of its metrics have units of their own.
 *     city,district,kind,sensor            required
 *     name,owner,lon,lat,metric,unit       may be left out; empty is null. `lon` and `lat` come together, so do `metric` and `unit`
 * GeoJSON: a FeatureCollection. A Polygon, a MultiPolygon or no geometry, with the properties `city`, `district`[, `name`], is a
 * district; a Point with `city`, `district`, `kind`, `sensor`[, `name`, `owner`, `units`] is a sensor. Other properties are ignored.
 */
import { z } from '@hono/zod-openapi';
import { parse } from 'csv-parse/sync';
import * as geojson from '../model/geojson.ts';
import { REGISTRY_IMPORT_ENTRIES_MAX } from '../model/limits.ts';
import { bucketKey, label, type RegistryEntry, type SensorEntry, unit, units } from '../model/registry.ts';
import { city, district, kind, metric, sensor } from './params.ts';

export interface ImportProblem {
  /** `line 7` (the header is line 1) or `feature 7` (the first is feature 0). */
  readonly path: string;
  readonly message: string;
}

export interface Imported {
  /** One a key. */
  readonly entries: RegistryEntry[];
  readonly problems: ImportProblem[];
}

const REQUIRED_COLUMNS = ['city', 'district', 'kind', 'sensor'];
export const IMPORT_COLUMNS = [...REQUIRED_COLUMNS, 'name', 'owner', 'lon', 'lat', 'metric', 'unit'];

const empty = z.literal('').transform(() => null);
const degrees = z
  .string()
  .regex(/^-?\d{1,3}(\.\d+)?$/, 'expected degrees, such as -9.1393')
  .transform(Number);
const optional = <Schema extends z.ZodType>(schema: Schema) => z.union([empty, schema]).default(null);

const csvRow = z
  .object({
    city,
    district,
    kind,
    sensor,
    name: label.or(empty).default(null),
    owner: label.or(empty).default(null),
    lon: optional(degrees),
    lat: optional(degrees),
    metric: metric.or(empty).default(null),
    unit: unit.or(empty).default(null),
  })
  .refine(({ lon, lat }) => (lon === null) === (lat === null), '`lon` and `lat` come together')
  .refine((row) => (row.metric === null) === (row.unit === null), '`metric` and `unit` come together');

export function importCsv(text: string): Imported {
  const entries = new Map<string, { entry: SensorEntry; line: number }>();
  const problems: ImportProblem[] = [];
  const { rows, problem } = csvRows(text);
  if (problem !== null) return { entries: [], problems: [problem] };
  for (const { line, record } of rows) {
    const path = `line ${String(line)}`;
    const parsed = csvRow.safeParse(record);
    if (!parsed.success) {
      problems.push(...issuesOf(path, parsed.error));
      continue;
    }
    const { lon, lat, metric: of, unit: code, ...names } = parsed.data;
    const location = lon === null || lat === null ? null : { type: 'Point' as const, coordinates: [lon, lat] };
    const place = geojson.point.nullable().safeParse(location);
    if (!place.success) problems.push(...issuesOf(path, place.error));
    const own = of === null || code === null ? {} : { [of]: code };
    const entry: SensorEntry = { of: 'sensor', ...names, location, units: own };
    const key = bucketKey(entry);
    const known = entries.get(key);
    if (known === undefined) entries.set(key, { entry, line });
    else if (!isSameSensor(known.entry, entry) || of === null || of in known.entry.units)
      problems.push({ path, message: `says something else of a sensor that line ${String(known.line)} has` });
    else known.entry.units = { ...known.entry.units, ...own };
  }
  return { entries: [...entries.values()].map(({ entry }) => entry), problems };
}

/** All but the units, of which a further row may add one. */
function isSameSensor(a: SensorEntry, b: SensorEntry): boolean {
  return JSON.stringify({ ...a, units: null }) === JSON.stringify({ ...b, units: null });
}

interface CsvLine {
  record: string[];
  /** Where it ends. */
  info: { lines: number };
}

interface CsvRows {
  rows: { line: number; record: Record<string, string> }[];
  problem: ImportProblem | null;
}

function csvRows(text: string): CsvRows {
  const refused = (line: number, message: string): CsvRows => ({
    rows: [],
    problem: { path: `line ${String(line)}`, message },
  });
  let lines: CsvLine[];
  try {
    const options = { bom: true, info: true, relax_column_count: true, skip_empty_lines: true, trim: true } as const;
    // With `info` the library gives more than its type says.
    lines = parse(text, options) as unknown as CsvLine[];
  } catch (error) {
    const line = error instanceof Error && 'lines' in error ? Number(error.lines) : 1;
    return refused(line, error instanceof Error ? error.message : String(error));
  }
  const [header, ...rest] = lines;
  const columns = header?.record ?? [];
  const missing = REQUIRED_COLUMNS.filter((name) => !columns.includes(name));
  if (missing.length > 0) return refused(1, `the header has no ${missing.join(', ')}`);
  const unknown = columns.find((name, at) => !IMPORT_COLUMNS.includes(name) || columns.indexOf(name) !== at);
  if (unknown !== undefined)
    return refused(1, `the column "${unknown}" is unknown or there twice; there are ${IMPORT_COLUMNS.join(', ')}`);
  if (rest.length > REGISTRY_IMPORT_ENTRIES_MAX) return refused(1, tooMany(rest.length));
  const rows = rest.map(({ record, info }) => ({
    line: info.lines,
    record: Object.fromEntries(columns.map((name, at) => [name, record[at] ?? ''])),
  }));
  const uneven = rest.find(({ record }) => record.length !== columns.length);
  if (uneven !== undefined)
    return refused(
      uneven.info.lines,
      `${String(uneven.record.length)} fields; the header has ${String(columns.length)}`,
    );
  return { rows, problem: null };
}

const named = z.object({ city, district, name: label.nullable().default(null) });
const districtFeature = z.object({ geometry: geojson.area.nullable(), properties: named });
const sensorFeature = z.object({
  geometry: geojson.point,
  properties: named.extend({ kind, sensor, owner: label.nullable().default(null), units: units.default({}) }),
});
const collection = z.object({ type: z.literal('FeatureCollection'), features: z.array(z.unknown()) });
const anyFeature = z.object({
  type: z.literal('Feature'),
  geometry: z.looseObject({ type: z.enum(['Point', 'Polygon', 'MultiPolygon']) }).nullable(),
  properties: z.looseObject({}),
});

export function importGeoJson(text: string): Imported {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return refusedWhole(error instanceof Error ? error.message : String(error));
  }
  const whole = collection.safeParse(json);
  if (!whole.success) return refusedWhole('expected a FeatureCollection with `features`');
  const { features } = whole.data;
  if (features.length > REGISTRY_IMPORT_ENTRIES_MAX) return refusedWhole(tooMany(features.length));
  const entries = new Map<string, { entry: RegistryEntry; at: number }>();
  const problems: ImportProblem[] = [];
  for (const [at, feature] of features.entries()) {
    const path = `feature ${String(at)}`;
    const read = readFeature(feature);
    if ('error' in read) {
      problems.push(...issuesOf(path, read.error));
      continue;
    }
    const key = bucketKey(read.entry);
    const known = entries.get(key);
    if (known === undefined) entries.set(key, { entry: read.entry, at });
    else problems.push({ path, message: `names what feature ${String(known.at)} has named` });
  }
  return { entries: [...entries.values()].map(({ entry }) => entry), problems };
}

function readFeature(feature: unknown): { entry: RegistryEntry } | { error: z.ZodError } {
  const general = anyFeature.safeParse(feature);
  if (!general.success) return { error: general.error };
  if (general.data.geometry?.type === 'Point') {
    const parsed = sensorFeature.safeParse(feature);
    if (!parsed.success) return { error: parsed.error };
    const { geometry: location, properties } = parsed.data;
    return { entry: { of: 'sensor', ...properties, location } };
  }
  const parsed = districtFeature.safeParse(feature);
  if (!parsed.success) return { error: parsed.error };
  const { geometry: shape, properties } = parsed.data;
  return { entry: { of: 'district', ...properties, shape } };
}

function issuesOf(path: string, error: z.ZodError): ImportProblem[] {
  return error.issues.map((issue) => ({
    path,
    message: issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  }));
}

function refusedWhole(message: string): Imported {
  return { entries: [], problems: [{ path: 'body', message }] };
}

function tooMany(count: number): string {
  return `${String(count)} entries; one import has at most ${String(REGISTRY_IMPORT_ENTRIES_MAX)}: send several`;
}
