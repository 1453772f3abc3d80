/**
 * `/v1/registry/cities/{city}/districts`: names and shapes of districts, all of them as one GeoJSON collection.
 *
 * Boundary: districts that only readings know are in the collection too, without a shape.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Area } from '../../../model/geojson.ts';
import { PAGE_ROWS_MAX } from '../../../model/limits.ts';
import type { DistrictEntry } from '../../../model/registry.ts';
import { compareUtf8 } from '../../../model/series-order.ts';
import { city, district, noQuery } from '../../params.ts';
import type { ApiDeps } from '../../ports.ts';
import { problems } from '../../problem.ts';
import { readDistricts } from '../../queries/inventory.ts';
import { area, district as districtSchema, districtBody, label } from '../../registry-schemas.ts';
import { entryRoutes } from '../../registry-routes.ts';
import { answerEntry, eraseEntry, writeEntry } from '../../registry-writes.ts';

const GEOJSON = 'application/geo+json';
const feature = z
  .object({
    type: z.literal('Feature'),
    geometry: area.nullable().openapi({ description: 'null: the registry has no shape for it.' }),
    properties: z.object({ city: z.string(), district: z.string(), name: label.nullable() }),
  })
  .openapi('DistrictFeature');

const list = createRoute({
  method: 'get',
  path: '/v1/registry/cities/{city}/districts',
  operationId: 'listRegisteredDistricts',
  tags: ['registry'],
  summary: 'Districts of a city with their shapes, as GeoJSON',
  request: { params: z.object({ city }), query: noQuery },
  responses: {
    200: {
      description: 'Districts of the registry and those that readings name, in the order of names',
      content: {
        [GEOJSON]: {
          schema: z
            .object({ type: z.literal('FeatureCollection'), features: z.array(feature) })
            .openapi('DistrictCollection'),
        },
      },
    },
    ...problems(400, 500, 503),
  },
});
const { read, write, erase } = entryRoutes({
  path: '/v1/registry/cities/{city}/districts/{district}',
  named: { params: z.object({ city, district }), query: noQuery },
  entry: districtSchema,
  body: districtBody,
  id: 'District',
  read: 'A district’s name and shape',
  write: 'Make or replace a district’s entry',
  erase: 'Remove a district’s entry; its readings and sensors stay',
});

export function addRegisteredDistricts(app: OpenAPIHono, deps: ApiDeps): void {
  const { registry } = deps;

  app.openapi(list, async (c) => {
    const of = c.req.valid('param').city;
    const known = new Map(registry.districts(of).map(({ entry }) => [entry.district, entry]));
    const names = [...new Set([...known.keys(), ...(await districtsWithReadings(deps, of))])].sort(compareUtf8);
    const features = names.map((name) => {
      const entry = known.get(name);
      return toFeature(of, name, entry?.name ?? null, entry?.shape ?? null);
    });
    return c.body(JSON.stringify({ type: 'FeatureCollection', features }), 200, { 'Content-Type': GEOJSON }) as never;
  });

  app.openapi(read, (c) => {
    const { city: of, district: name } = c.req.valid('param');
    return answerEntry(c, registry.district(of, name), `district ${name} of ${of}`, toBody);
  });

  app.openapi(write, (c) => {
    const entry: DistrictEntry = { of: 'district', ...c.req.valid('param'), ...c.req.valid('json') };
    return writeEntry(c, registry, entry, c.req.valid('header'), toBody);
  });

  app.openapi(erase, (c) => {
    const key = c.req.valid('param');
    const what = `district ${key.district} of ${key.city}`;
    return eraseEntry(c, registry, { of: 'district', ...key }, c.req.valid('header'), what);
  });
}

async function districtsWithReadings({ clickhouse }: ApiDeps, of: string): Promise<string[]> {
  const names: string[] = [];
  for (let after: readonly [string] | null = null; ;) {
    const rows = await readDistricts(clickhouse, of, { after, limit: PAGE_ROWS_MAX });
    names.push(...rows.map((row) => row.district));
    const last = rows.at(-1);
    if (rows.length < PAGE_ROWS_MAX || last === undefined) return names;
    after = [last.district];
  }
}

function toFeature(of: string, name: string, called: string | null, shape: Area | null): z.infer<typeof feature> {
  return { type: 'Feature', geometry: shape, properties: { city: of, district: name, name: called } };
}

function toBody({ city: of, district: name, name: called, shape }: DistrictEntry): z.infer<typeof districtSchema> {
  return { city: of, district: name, name: called, shape };
}
