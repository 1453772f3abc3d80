/** Hours and days of districts and cities, by kind. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { HOUR_MS, hourIso } from '../../model/hour.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { DAY_HOURS, finalHour, hourHeadersOf, periodsOf } from '../hours.ts';
import { answerList, hourHeaders, listResponses, pageOf } from '../page.ts';
import { city, district, kind, metric, ofRevision, page, range } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { readRollup, type RollupFigures } from '../queries/rollups.ts';

const figures = {
  count: z.int(),
  sum: z.number().nullable().openapi({ description: 'null: it overflowed.' }),
  min: z.number(),
  max: z.number(),
  mean: z.number().nullable(),
  sensors: z.int().openapi({ description: 'Distinct sensors; one name in two districts is two.' }),
  status: z.enum(['final', 'provisional']).openapi({ description: 'A day is final when its last hour is.' }),
  revision: z.int().openapi({ description: 'Blocks of late readings that corrected it.' }),
};
const place = {
  districts: { city: z.string(), district: z.string() },
  cities: { city: z.string() },
};
const periods = {
  hourly: { hour: z.string().openapi({ format: 'date-time', example: '2026-11-23T14:00:00Z' }) },
  daily: { day: z.string().openapi({ format: 'date', example: '2026-11-23', description: 'UTC' }) },
};

const ROUTES = [
  {
    of: 'districts',
    per: 'hourly',
    view: 'district_hourly',
    id: 'DistrictHourly',
    path: '/v1/districts/{city}/{district}/{metric}/hourly',
  },
  {
    of: 'districts',
    per: 'daily',
    view: 'district_daily',
    id: 'DistrictDaily',
    path: '/v1/districts/{city}/{district}/{metric}/daily',
  },
  { of: 'cities', per: 'hourly', view: 'city_hourly', id: 'CityHourly', path: '/v1/cities/{city}/{metric}/hourly' },
  { of: 'cities', per: 'daily', view: 'city_daily', id: 'CityDaily', path: '/v1/cities/{city}/{metric}/daily' },
] as const;

export function addRollups(app: OpenAPIHono, deps: ApiDeps): void {
  for (const rollup of ROUTES) addRollup(app, deps, rollup);
}

function addRollup(app: OpenAPIHono, deps: ApiDeps, rollup: (typeof ROUTES)[number]): void {
  const { of, per, view, id, path } = rollup;
  const row = z.object({ ...place[of], kind: z.string(), metric: z.string(), ...periods[per], ...figures });
  const route = createRoute({
    method: 'get',
    path,
    operationId: `list${id}`,
    summary: `${per === 'hourly' ? 'Hours' : 'UTC days'} of a ${of === 'cities' ? 'city' : 'district'}, in the order of kind and time`,
    description: 'What the database has: readings of an open hour appear as they are written.',
    request: {
      params: of === 'cities' ? z.object({ city, metric }) : z.object({ city, district, metric }),
      query: z.strictObject({ kind: kind.optional(), ...range, ...page, ...ofRevision }),
    },
    responses: listResponses(row.openapi(`${id}Row`), 'Rollups', hourHeaders),
  });
  const periodHours = per === 'hourly' ? 1 : DAY_HOURS;
  const periodsMax = Math.floor(TABLE_HOURS_MAX / periodHours);
  const key = z.tuple([z.string(), z.int().min(0).max(periodsMax)]);
  app.openapi(route, (c) => {
    const { from, to, limit, cursor, revision: wanted, ...filter } = c.req.valid('query');
    const within: Record<string, string> = c.req.valid('param');
    const asked = periodsOf({ from, to }, periodHours);
    return answerList(
      c,
      { limit, cursor, revision: wanted },
      {
        name: view,
        key,
        columns: Object.keys(row.shape) as never[],
        read: async (after, rows) => {
          // Read before the table: what was final then is in the table now.
          const final = finalHour(deps.cluster);
          const headers = hourHeadersOf(deps.cluster);
          const found = await readRollup(deps.clickhouse, {
            view,
            filter: { ...within, ...filter },
            ...asked,
            after,
            limit: rows + 1,
          });
          const { rows: some, next } = pageOf(found, rows, (last) => [last.kind, last.period]);
          const isFinal = asked.to * periodHours <= final;
          return { rows: some.map((figure) => toRow(figure, within, periodHours, final)), next, headers, isFinal };
        },
        onError: (error) => deps.onError?.(error, `GET ${path}`),
      },
    );
  });
}

function toRow(found: RollupFigures, within: Record<string, string>, periodHours: number, final: number): object {
  const { kind: kindOf, period, count, sum, min, max, mean, sensors, revision } = found;
  const { metric: metricOf, ...at } = within;
  const time =
    periodHours === 1
      ? { hour: hourIso(period) }
      : { day: new Date(period * periodHours * HOUR_MS).toISOString().slice(0, 10) };
  const status = (period + 1) * periodHours <= final ? 'final' : 'provisional';
  return { ...at, kind: kindOf, metric: metricOf, ...time, count, sum, min, max, mean, sensors, status, revision };
}
