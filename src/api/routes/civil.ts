/**
 * `/daily` and `/monthly` of districts and cities, in UTC or in any time zone.
 *
 * Boundary: HTTP and schemas; how hours make a civil day is in ../queries/civil.ts.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { answerList, hourHeaders, listResponses } from '../page.ts';
import { city, civilRange, district, kind, metric, ofRevision, page, zone } from '../params.ts';
import { zoneAsked } from '../registered.ts';
import type { RollupDeps } from '../rollup-readers.ts';
import { figures, type PathOf, place } from '../rollup-schemas.ts';
import { civilName, type CivilRollup, instantsOf, readCivilRollup } from '../rollups.ts';

const DAYS_MAX = 2 ** 16 - 1;

const steps = {
  daily: {
    step: 'day',
    name: 'day',
    column: { day: z.string().openapi({ format: 'date', example: '2026-11-23', description: 'In `zone`.' }) },
  },
  monthly: {
    step: 'month',
    name: 'month',
    column: { month: z.string().openapi({ example: '2026-11', description: 'In `zone`.' }) },
  },
} as const;
const zoneColumns = {
  zone: z.string(),
  hours: z.int().openapi({
    description: 'UTC hours that make it: those that begin in it. 23 or 25 where the clocks change; readings or not.',
  }),
};

const PATHS = { districts: '/v1/districts/{city}/{district}/{metric}', cities: '/v1/cities/{city}/{metric}' } as const;
const IDS = { districts: 'District', cities: 'City', daily: 'Daily', monthly: 'Monthly' } as const;
/** kind, and the day since 1970 with which the period begins. */
const key = z.tuple([z.string(), z.int().min(0).max(DAYS_MAX)]);

export function addCivil(app: OpenAPIHono, deps: RollupDeps): void {
  for (const of of ['districts', 'cities'] as const)
    for (const per of ['daily', 'monthly'] as const) addCivilRollup(app, deps, of, per);
}

function addCivilRollup(app: OpenAPIHono, deps: RollupDeps, of: keyof typeof PATHS, per: keyof typeof steps): void {
  const { step, name, column } = steps[per];
  const id = `${IDS[of]}${IDS[per]}`;
  const path = `${PATHS[of]}/${per}` as const;
  const row = z
    .object({ ...place[of], kind: z.string(), metric: z.string(), ...column, ...figures, ...zoneColumns })
    .openapi(`${id}Row`);
  const route = createRoute({
    method: 'get',
    path,
    operationId: `list${id}`,
    summary: `Civil ${name}s of a ${of === 'cities' ? 'city' : 'district'}, in the order of kind and time`,
    description: `Added up from UTC hours. An hour belongs to the civil day in which it begins, also in zones that are half an hour or a quarter off; so \`hours\` is whole. What the database has: readings of an open hour appear as they are written.`,
    request: {
      params: of === 'cities' ? z.object({ city, metric }) : z.object({ city, district, metric }),
      query: z.strictObject({ kind: kind.optional(), zone: zone('UTC'), ...civilRange, ...page, ...ofRevision }),
    },
    responses: listResponses(row, 'Rollups', hourHeaders),
  });
  app.openapi(route, async (c) => {
    const { from, to, limit, cursor, revision, zone: wanted, ...filter } = c.req.valid('query');
    const pathOf: PathOf = c.req.valid('param');
    const { metric: metricOf, ...at } = pathOf;
    const inZone = zoneAsked(deps.registry, wanted, at.city);
    const asked = await instantsOf(deps, { from, to }, inZone);
    return answerList(
      c,
      { limit, cursor, revision },
      {
        name: `${of}-${per}-${inZone}`,
        key,
        columns: Object.keys(row.shape) as never[],
        read: async (after, limitRows) => {
          const ask = { step, zone: inZone, place: at, metric: metricOf, ...filter, ...asked, after, limit: limitRows };
          const found = await readCivilRollup(deps, ask);
          return { ...found, rows: found.rows.map((figure) => toRow(figure, pathOf, name, inZone)) };
        },
        onError: (error) => deps.onError?.(error, `GET ${path}`),
      },
    );
  });
}

/** Written out, as the rows of hours (rollups.ts). What is undefined is not in an answer. */
function toRow(
  found: CivilRollup,
  { metric: metricOf, city: cityOf, district: districtOf }: PathOf,
  name: 'day' | 'month',
  inZone: string,
): object {
  const {
    kind: kindOf,
    day,
    fromHour,
    toHour,
    count,
    sum,
    min,
    max,
    mean,
    sensors,
    revision,
    status,
    coverage,
  } = found;
  const period = civilName(day, name);
  return {
    city: cityOf,
    district: districtOf,
    kind: kindOf,
    metric: metricOf,
    day: name === 'day' ? period : undefined,
    month: name === 'month' ? period : undefined,
    count,
    sum,
    min,
    max,
    mean,
    sensors,
    revision,
    status,
    coverage,
    zone: inZone,
    hours: toHour - fromHour,
  };
}
