/**
 * `POST /v1/registry/import`: many entries at once, all or none of them good.
 *
 * Delivery guarantees: nothing is written where anything is wrong. Where the broker fails midway some entries are written; sending the
 * same again writes the rest.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import {
  REGISTRY_IMPORT_BYTES_MAX,
  REGISTRY_IMPORT_ENTRIES_MAX,
  REGISTRY_IMPORT_PROBLEMS_MAX,
} from '../../../model/limits.ts';
import { noQuery } from '../../params.ts';
import type { ApiDeps } from '../../ports.ts';
import { Problem, problems as documented } from '../../problem.ts';
import { IMPORT_COLUMNS, importCsv, importGeoJson } from '../../registry-import.ts';

const READERS = { 'text/csv': importCsv, 'application/geo+json': importGeoJson };
const TYPES = Object.keys(READERS);

const route = createRoute({
  method: 'post',
  path: '/v1/registry/import',
  operationId: 'importRegistry',
  tags: ['registry'],
  summary: 'Make or replace many entries: sensors from CSV, districts and sensors from GeoJSON',
  description: `Nothing is written where anything is wrong: the answer lists what, by line or feature. At most ${String(REGISTRY_IMPORT_ENTRIES_MAX)} rows or features. Entries that are named are replaced as a whole, others stay.`,
  middleware: bodyLimit({
    maxSize: REGISTRY_IMPORT_BYTES_MAX,
    onError: () => {
      throw new Problem(413, `An import has at most ${String(REGISTRY_IMPORT_BYTES_MAX)} bytes: send several.`);
    },
  }),
  request: {
    query: noQuery,
    body: {
      required: true,
      content: {
        'text/csv': {
          schema: z.string().openapi({
            description: `UTF-8, with a header line: ${IMPORT_COLUMNS.join(',')}. The first four are required. Several rows of one sensor: several metrics with units.`,
            example: 'city,district,kind,sensor,name,lon,lat\nlisbon,alfama,air,s-1,Castle,-9.1335,38.7139\n',
          }),
        },
        'application/geo+json': {
          schema: {
            type: 'object',
            required: ['type', 'features'],
            properties: {
              type: { type: 'string', enum: ['FeatureCollection'] },
              features: { type: 'array', items: { type: 'object' } },
            },
            description:
              'Polygon, MultiPolygon or null with properties city, district, name?: a district. Point with city, district, kind, sensor, name?, owner?, units?: a sensor.',
          },
        },
      },
    },
  },
  responses: {
    200: {
      description: 'All entries are written',
      content: {
        'application/json': {
          schema: z
            .object({ districts: z.int(), sensors: z.int() })
            .openapi('RegistryImported', { description: 'Entries made or replaced.' }),
        },
      },
    },
    ...documented(400, 413, 415, 500, 503),
  },
});

export function addRegistryImport(app: OpenAPIHono, { registry }: ApiDeps): void {
  app.openapi(route, async (c) => {
    const read = readerOf(c.req.header('Content-Type'));
    const { entries, problems } = read(textOf(await c.req.arrayBuffer()));
    if (problems.length > 0) {
      const shown = problems.slice(0, REGISTRY_IMPORT_PROBLEMS_MAX);
      const rest = problems.length > shown.length ? `; the first ${String(shown.length)} are listed` : '';
      throw new Problem(400, `Nothing was written: ${String(problems.length)} problem(s)${rest}.`, {
        members: { errors: shown },
      });
    }
    await registry.writeAll(entries);
    const districts = entries.filter(({ of }) => of === 'district').length;
    return c.json({ districts, sensors: entries.length - districts }, 200);
  });
}

/** @throws {Problem} 415 */
function readerOf(header: string | undefined): typeof importCsv {
  const type = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (type === 'text/csv' || type === 'application/geo+json') return READERS[type];
  throw new Problem(415, `The body is one of ${TYPES.join(', ')}.`, { headers: { 'Accept-Post': TYPES.join(', ') } });
}

/** @throws {Problem} 400 */
function textOf(bytes: ArrayBuffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new Problem(400, 'The body is not UTF-8.');
  }
}
