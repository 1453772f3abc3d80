/**
 * `/v1/registry/sensors` and `/v1/registry/sensor`: names, owners, places and units of sensors.
 *
 * One sensor is named by the query, not by the path: its name may hold any character.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { SensorEntry } from '../../../model/registry.ts';
import { answerList, listResponses, pageOf } from '../../page.ts';
import { city, district, kind, page, sensor } from '../../params.ts';
import type { ApiDeps } from '../../ports.ts';
import { sensor as sensorSchema, sensorBody } from '../../registry-schemas.ts';
import { entryRoutes } from '../../registry-routes.ts';
import { answerEntry, eraseEntry, writeEntry } from '../../registry-writes.ts';

const text = z.string();

const list = createRoute({
  method: 'get',
  path: '/v1/registry/sensors',
  operationId: 'listRegisteredSensors',
  tags: ['registry'],
  summary: 'Sensors of the registry, in the order of city, district, kind and name',
  request: {
    query: z.strictObject({
      city: city.optional(),
      district: district.optional(),
      kind: kind.optional(),
      ...page,
    }),
  },
  responses: listResponses(sensorSchema, 'Sensors'),
});
const { read, write, erase } = entryRoutes({
  path: '/v1/registry/sensor',
  named: { query: z.strictObject({ city, district, kind, sensor }) },
  entry: sensorSchema,
  body: sensorBody,
  id: 'Sensor',
  read: 'A sensor’s name, owner, place and units',
  write: 'Make or replace a sensor’s entry',
  erase: 'Remove a sensor’s entry; its readings stay',
});

export function addRegisteredSensors(app: OpenAPIHono, { registry, onError }: ApiDeps): void {
  app.openapi(list, (c) => {
    const { limit: wanted, cursor, ...filter } = c.req.valid('query');
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    return answerList(
      c,
      { limit: wanted, cursor },
      {
        name: 'registry-sensors',
        key: z.tuple([text, text, text, text]),
        columns: ['city', 'district', 'kind', 'sensor', 'name', 'owner', 'location', 'units'],
        read: (after, limit) => {
          const found = registry.sensors(given, after === null ? null : nameOf(after), limit + 1);
          const rows = found.map(({ entry }) => toBody(entry));
          return Promise.resolve(pageOf(rows, limit, (row) => [row.city, row.district, row.kind, row.sensor]));
        },
        onError: (error) => onError?.(error, 'GET /v1/registry/sensors'),
      },
    );
  });

  app.openapi(read, (c) => {
    const name = c.req.valid('query');
    return answerEntry(c, registry.sensor(name), `sensor ${name.sensor}`, toBody);
  });

  app.openapi(write, (c) => {
    const entry: SensorEntry = { of: 'sensor', ...c.req.valid('query'), ...c.req.valid('json') };
    return writeEntry(c, registry, entry, c.req.valid('header'), toBody);
  });

  app.openapi(erase, (c) => {
    const name = c.req.valid('query');
    return eraseEntry(c, registry, { of: 'sensor', ...name }, c.req.valid('header'), `sensor ${name.sensor}`);
  });
}

function nameOf([inCity, inDistrict, ofKind, name]: readonly [string, string, string, string]): {
  city: string;
  district: string;
  kind: string;
  sensor: string;
} {
  return { city: inCity, district: inDistrict, kind: ofKind, sensor: name };
}

function toBody(entry: SensorEntry): z.infer<typeof sensorSchema> {
  const { name, owner, location, units } = entry;
  return {
    city: entry.city,
    district: entry.district,
    kind: entry.kind,
    sensor: entry.sensor,
    name,
    owner,
    location,
    units,
  };
}
