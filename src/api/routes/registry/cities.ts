/** `/v1/registry/cities`: names and time zones of cities. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { compareUtf8 } from '../../../model/series-order.ts';
import type { CityEntry } from '../../../model/registry.ts';
import { timeZoneOf, UTC } from '../../../model/time-zone.ts';
import { answerList, listResponses, pageOf } from '../../page.ts';
import { city, noQuery, page } from '../../params.ts';
import type { ApiDeps } from '../../ports.ts';
import { city as citySchema, cityBody } from '../../registry-schemas.ts';
import { entryRoutes } from '../../registry-routes.ts';
import { answerEntry, eraseEntry, writeEntry } from '../../registry-writes.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/registry/cities',
  operationId: 'listRegisteredCities',
  tags: ['registry'],
  summary: 'Cities of the registry',
  request: { query: z.strictObject(page) },
  responses: listResponses(citySchema, 'Cities'),
});
const { read, write, erase } = entryRoutes({
  path: '/v1/registry/cities/{city}',
  named: { params: z.object({ city }), query: noQuery },
  entry: citySchema,
  body: cityBody,
  id: 'City',
  read: 'A city’s name and time zone',
  write: 'Make or replace a city’s entry',
  erase: 'Remove a city’s entry; its readings, districts and sensors stay',
});

export function addRegisteredCities(app: OpenAPIHono, { registry, onError }: ApiDeps): void {
  app.openapi(list, (c) =>
    answerList(c, c.req.valid('query'), {
      name: 'registry-cities',
      key: z.tuple([z.string()]),
      columns: ['city', 'name', 'time_zone'],
      read: (after, limit) => {
        const rows = registry.cities().map(({ entry }) => toBody(entry));
        const rest = after === null ? rows : rows.filter((row) => compareUtf8(row.city, after[0]) > 0);
        return Promise.resolve(pageOf(rest, limit, (row) => [row.city]));
      },
      onError: (error) => onError?.(error, 'GET /v1/registry/cities'),
    }),
  );

  app.openapi(read, (c) => {
    const name = c.req.valid('param').city;
    return answerEntry(c, registry.city(name), `city ${name}`, toBody);
  });

  app.openapi(write, (c) => {
    const { name, time_zone } = c.req.valid('json');
    const entry: CityEntry = {
      of: 'city',
      city: c.req.valid('param').city,
      name,
      timeZone: timeZoneOf(time_zone) ?? UTC,
    };
    return writeEntry(c, registry, entry, c.req.valid('header'), toBody);
  });

  app.openapi(erase, (c) => {
    const name = c.req.valid('param').city;
    return eraseEntry(c, registry, { of: 'city', city: name }, c.req.valid('header'), `city ${name}`);
  });
}

function toBody({ city: of, name, timeZone }: CityEntry): z.infer<typeof citySchema> {
  return { city: of, name, time_zone: timeZone };
}
