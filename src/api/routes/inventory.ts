/** What there is: `GET /v1/cities`, `/v1/cities/{city}/districts`, `/v1/sensors`. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { answerList, listResponses, pageOf } from '../page.ts';
import { city, district, kind, metric, page } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { registeredOf } from '../registered.ts';
import { label, point, unit } from '../registry-schemas.ts';
import { readCities, readDistricts, readSensors, type CityRow, type DistrictRow } from '../queries/inventory.ts';

const count = z.int();
const cityRow = z
  .object({ city: z.string(), districts: count, sensors: count })
  .openapi('CityRow') satisfies z.ZodType<CityRow>;
const districtRow = z
  .object({
    city: z.string(),
    district: z.string(),
    kinds: z.array(z.string()),
    metrics: z.array(z.string()),
    sensors: count,
  })
  .openapi('DistrictRow') satisfies z.ZodType<DistrictRow>;
const seen = z.string().openapi({ format: 'date-time', example: '2026-11-23T14:03:21.500Z' });
const sensorRow = z
  .object({
    city: z.string(),
    district: z.string(),
    kind: z.string(),
    sensor: z.string(),
    metric: z.string(),
    first_seen: seen,
    last_seen: seen,
    name: label.nullable(),
    location: point.nullable(),
    unit: unit.nullable().openapi({ description: 'The sensor’s own, else the metric’s.' }),
  })
  .openapi('SensorRow');
const text = z.string();
const nameKey = z.tuple([text]);
const sensorKey = z.tuple([text, text, text, text, text]);

const cities = createRoute({
  method: 'get',
  path: '/v1/cities',
  operationId: 'listCities',
  summary: 'Cities with readings',
  request: { query: z.strictObject(page) },
  responses: listResponses(cityRow, 'Cities'),
});

const districts = createRoute({
  method: 'get',
  path: '/v1/cities/{city}/districts',
  operationId: 'listDistricts',
  summary: 'Districts of a city, with their kinds and metrics',
  request: { params: z.object({ city }), query: z.strictObject(page) },
  responses: listResponses(districtRow, 'Districts; none where nothing is known of the city'),
});

const sensors = createRoute({
  method: 'get',
  path: '/v1/sensors',
  operationId: 'listSensors',
  summary: 'Series: sensors and what they measure, with the first and last reading’s own times',
  description: 'Name, place and unit are what the registry says; null where it says nothing.',
  request: {
    query: z.strictObject({
      city: city.optional(),
      district: district.optional(),
      kind: kind.optional(),
      metric: metric.optional(),
      ...page,
    }),
  },
  responses: listResponses(sensorRow, 'Series'),
});

export function addInventory(app: OpenAPIHono, deps: ApiDeps): void {
  const onError = (error: unknown): void => deps.onError?.(error, 'inventory');

  app.openapi(cities, (c) =>
    answerList(c, c.req.valid('query'), {
      name: 'cities',
      key: nameKey,
      columns: ['city', 'districts', 'sensors'],
      read: async (after, limit) =>
        pageOf(await readCities(deps.clickhouse, { after, limit: limit + 1 }), limit, (row) => [row.city]),
      onError,
    }),
  );

  app.openapi(districts, (c) =>
    answerList(c, c.req.valid('query'), {
      name: 'districts',
      key: nameKey,
      columns: ['city', 'district', 'kinds', 'metrics', 'sensors'],
      read: async (after, limit) => {
        const rows = await readDistricts(deps.clickhouse, c.req.valid('param').city, { after, limit: limit + 1 });
        return pageOf(rows, limit, (row) => [row.district]);
      },
      onError,
    }),
  );

  app.openapi(sensors, (c) => {
    const { limit: wanted, cursor, ...filter } = c.req.valid('query');
    return answerList(
      c,
      { limit: wanted, cursor },
      {
        name: 'sensors',
        key: sensorKey,
        columns: Object.keys(sensorRow.shape) as (keyof z.infer<typeof sensorRow>)[],
        read: async (after, limit) => {
          const rows = await readSensors(deps.clickhouse, filter, { after, limit: limit + 1 });
          const series = rows.map(({ firstSeenMs, lastSeenMs, ...row }) => ({
            ...row,
            first_seen: new Date(firstSeenMs).toISOString(),
            last_seen: new Date(lastSeenMs).toISOString(),
            ...registeredOf(deps.registry, row),
          }));
          return pageOf(series, limit, (row) => [row.city, row.district, row.kind, row.metric, row.sensor]);
        },
        onError,
      },
    );
  });
}
