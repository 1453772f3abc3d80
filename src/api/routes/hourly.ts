/** `GET /v1/hourly`: hours of single sensors, the open hour included. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { HOUR_CURSOR } from '../hour-cursor.ts';
import { hourHeadersOf, periodsOf } from '../hours.ts';
import { readHourlyPage } from '../hourly.ts';
import type { HourlyRow } from '../hourly-row.ts';
import { keptCadences } from '../kept-cadences.ts';
import { openFactsOf } from '../open-rows.ts';
import { answerList, hourHeaders, listResponses } from '../page.ts';
import { city, district, kind, metric, ofRevision, page, range, sensor } from '../params.ts';
import type { AnsweredDeps } from '../answers/answers.ts';
import { blockReader } from '../queries/block-reader.ts';

const row = z
  .object({
    city: z.string(),
    district: z.string(),
    kind: z.string(),
    sensor: z.string(),
    metric: z.string(),
    hour: z.string().openapi({ format: 'date-time', example: '2026-11-23T14:00:00Z' }),
    count: z.int(),
    sum: z.number().nullable().openapi({ description: 'null: it overflowed.' }),
    min: z.number(),
    max: z.number(),
    mean: z.number().nullable(),
    status: z.enum(['final', 'provisional']),
    revision: z.int().openapi({ description: 'Blocks of late readings that corrected the hour.' }),
    coverage: z.number().nullable().openapi({
      minimum: 0,
      maximum: 1,
      description:
        'Readings of the readings to be expected: the median of the series’ hours in the seven days before; of an open hour, for the part that the watermark has passed. null: fewer than three such hours, or none due yet.',
    }),
  })
  .openapi('HourlyRow') satisfies z.ZodType<HourlyRow>;

const route = createRoute({
  method: 'get',
  path: '/v1/hourly',
  operationId: 'listHourly',
  summary: 'Hours of single sensors, in the order of city, district, kind, metric, sensor (by bytes) and hour',
  description:
    'Final hours come from the database. Open hours also hold what is in the workers’ memory; where workers do not answer, the answer is 503.',
  request: {
    query: z.strictObject({
      city: city.optional(),
      district: district.optional(),
      kind: kind.optional(),
      sensor: sensor.optional(),
      metric: metric.optional(),
      ...range,
      ...page,
      ...ofRevision,
    }),
  },
  responses: listResponses(row, 'Hours', hourHeaders),
});

export function addHourly(app: OpenAPIHono, given: AnsweredDeps): void {
  const deps = {
    ...given,
    readOpenFacts: openFactsOf(given),
    readKeptCadences: keptCadences(given),
    readBlocks: blockReader(given.clickhouse),
  };
  app.openapi(route, (c) => {
    const { from, to, limit, cursor, revision: wanted, ...filter } = c.req.valid('query');
    const hours = periodsOf({ from, to }, 1);
    return answerList(
      c,
      { limit, cursor, revision: wanted },
      {
        ...HOUR_CURSOR,
        columns: Object.keys(row.shape) as (keyof HourlyRow)[],
        read: (after, rows) =>
          readHourlyPage(deps, { filter, fromHour: hours.from, toHour: hours.to, after, limit: rows }),
        headersNow: () => hourHeadersOf(deps.cluster),
        onError: (error) => deps.onError?.(error, 'GET /v1/hourly'),
      },
    );
  });
}
