/** Hours of districts and cities, by kind. Days and months: civil.ts. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { hourIso } from '../../model/hour.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { periodsOf } from '../hours.ts';
import { answerList, hourHeaders, listResponses } from '../page.ts';
import { city, district, kind, metric, ofRevision, page, range } from '../params.ts';
import type { RollupDeps } from '../rollup-readers.ts';
import { figures, hour, type PathOf, place } from '../rollup-schemas.ts';
import { type HourlyRollup, readHourlyRollup } from '../rollups.ts';

const ROUTES = [
  {
    of: 'districts',
    view: 'district_hourly',
    id: 'DistrictHourly',
    path: '/v1/districts/{city}/{district}/{metric}/hourly',
  },
  { of: 'cities', view: 'city_hourly', id: 'CityHourly', path: '/v1/cities/{city}/{metric}/hourly' },
] as const;

export function addRollups(app: OpenAPIHono, deps: RollupDeps): void {
  for (const rollup of ROUTES) addRollup(app, deps, rollup);
}

function addRollup(app: OpenAPIHono, deps: RollupDeps, { of, view, id, path }: (typeof ROUTES)[number]): void {
  const row = z.object({ ...place[of], kind: z.string(), metric: z.string(), hour, ...figures }).openapi(`${id}Row`);
  const route = createRoute({
    method: 'get',
    path,
    operationId: `list${id}`,
    summary: `Hours of a ${of === 'cities' ? 'city' : 'district'}, in the order of kind and time`,
    description: 'What the database has: readings of an open hour appear as they are written.',
    request: {
      params: of === 'cities' ? z.object({ city, metric }) : z.object({ city, district, metric }),
      query: z.strictObject({ kind: kind.optional(), ...range, ...page, ...ofRevision }),
    },
    responses: listResponses(row, 'Rollups', hourHeaders),
  });
  const key = z.tuple([z.string(), z.int().min(0).max(TABLE_HOURS_MAX)]);
  app.openapi(route, (c) => {
    const { from, to, limit, cursor, revision: wanted, ...filter } = c.req.valid('query');
    const pathOf: PathOf = c.req.valid('param');
    const { metric: metricOf, ...at } = pathOf;
    const asked = periodsOf({ from, to }, 1);
    return answerList(
      c,
      { limit, cursor, revision: wanted },
      {
        name: view,
        key,
        columns: Object.keys(row.shape) as never[],
        read: async (after, limitRows) => {
          const ask = { place: at, metric: metricOf, ...filter, ...asked, after, limit: limitRows };
          const found = await readHourlyRollup(deps, ask);
          return { ...found, rows: found.rows.map((figure) => toRow(figure, pathOf)) };
        },
        onError: (error) => deps.onError?.(error, `GET ${path}`),
      },
    );
  });
}

/** Written out: objects that are put together of others take many times as long to make. What is undefined is not in an answer. */
function toRow(found: HourlyRollup, { metric: metricOf, city: cityOf, district: districtOf }: PathOf): object {
  const { kind: kindOf, period, count, sum, min, max, mean, sensors, revision, status, coverage } = found;
  return {
    city: cityOf,
    district: districtOf,
    kind: kindOf,
    metric: metricOf,
    hour: hourIso(period),
    count,
    sum,
    min,
    max,
    mean,
    sensors,
    revision,
    status,
    coverage,
  };
}
