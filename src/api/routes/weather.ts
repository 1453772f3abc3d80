/**
 * The calls of weather apps: `GET /weather/{city}`, now, and `GET /historical/{city}`, before.
 *
 * Boundary: HTTP and schemas. There is no forecast: nothing here knows the future.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { HOUR_MS, hourIso, hourStartMs } from '../../model/hour.ts';
import { TABLE_HOURS_MAX } from '../../model/limits.ts';
import { streamCaching } from '../answers/answers.ts';
import { hourHeadersOf } from '../hours.ts';
import { answerList, hourHeaders, listResponses, type Page } from '../page.ts';
import { city, civilRange, district, kind, metric, ofRevision, page } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem, problems } from '../problem.ts';
import { readDistricts } from '../queries/inventory.ts';
import { unitOf, zoneOfCity } from '../registered.ts';
import { label, timeZone, unit } from '../registry-schemas.ts';
import type { RollupDeps } from '../rollup-readers.ts';
import { figures } from '../rollup-schemas.ts';
import { civilName, instantsOf, readCivilRollup, readHourlyRollup } from '../rollups.ts';
import { readWeather, type WeatherNow } from '../weather.ts';

const { count, min, max, mean, sensors } = figures;
const instant = z.string().openapi({ format: 'date-time', example: '2026-11-23T14:00:00Z' });

const nowRow = z
  .object({
    kind: z.string(),
    metric: z.string(),
    name: label.nullable().openapi({ description: 'The metric’s, as the registry has it.' }),
    unit: unit.nullable(),
    value: mean.openapi({ description: 'Mean of the readings of the hour so far.' }),
    min,
    max,
    count,
    sensors,
    hour: instant.openapi({ description: 'The newest hour with readings, within the last two days.' }),
    status: figures.status,
    age_seconds: z.int().openapi({
      minimum: 0,
      description:
        'Seconds since the end of what the value speaks of: the hour’s, or the watermark where the hour is open.',
    }),
  })
  .openapi('WeatherRow');

const now = createRoute({
  method: 'get',
  path: '/weather/{city}',
  operationId: 'getWeather',
  tags: ['weather'],
  summary: 'What the city’s sensors say now, per kind and metric',
  description:
    'The newest hour of each kind and metric, the open one included. Cities with more than 200,000 open hours of sensors: the newest final ones.',
  request: {
    params: z.object({ city }),
    query: z.strictObject({ district: district.optional(), kind: kind.optional() }),
  },
  responses: {
    200: {
      description: 'Now',
      headers: hourHeaders,
      content: {
        'application/json': {
          schema: z
            .object({
              city: z.string(),
              name: label.nullable(),
              time_zone: timeZone,
              time: instant.openapi({ description: 'Of the answer.' }),
              data: z.array(nowRow),
            })
            .openapi('Weather'),
        },
      },
    },
    ...problems(400, 404, 500, 503),
  },
});

const historyRow = z
  .object({
    city: z.string(),
    kind: z.string(),
    metric: z.string(),
    unit: unit.nullable(),
    period: z.string().openapi({
      description: 'An hour in UTC, a day or a month of the city’s time zone.',
      example: '2026-11-23',
    }),
    begins: instant,
    ends: instant.openapi({ description: 'Exclusive. Of whole UTC hours, also in zones of half an hour.' }),
    ...figures,
    zone: timeZone,
  })
  .openapi('HistoricalRow');
type HistoryRow = z.infer<typeof historyRow>;

const historical = createRoute({
  method: 'get',
  path: '/historical/{city}',
  operationId: 'listHistorical',
  tags: ['weather'],
  summary: 'A metric of the city by hour, day or month, in its own time zone',
  request: {
    params: z.object({ city }),
    query: z.strictObject({
      metric,
      step: z.enum(['hour', 'day', 'month']).optional().openapi({ description: 'Absent: hour.' }),
      kind: kind.optional(),
      ...civilRange,
      ...page,
      ...ofRevision,
    }),
  },
  responses: listResponses(historyRow, 'Periods, in the order of kind and time', hourHeaders),
});

export function addWeather(app: OpenAPIHono, deps: RollupDeps): void {
  const { registry, clock, cluster, onError } = deps;

  app.openapi(now, async (c) => {
    const of = c.req.valid('param').city;
    const headers = { ...hourHeadersOf(cluster), ...streamCaching(c, false) };
    const watermarkMs = cluster.watermarkMs();
    const found = await readWeather(deps, { city: of, ...c.req.valid('query') });
    if (found.length === 0) await assertKnown(deps, of);
    const nowMs = clock.nowMs();
    const body = {
      city: of,
      name: registry.city(of)?.entry.name ?? null,
      time_zone: zoneOfCity(registry, of),
      time: new Date(nowMs).toISOString(),
      data: found.map((row) => toNowRow(row)),
    };
    return c.json(body, 200, headers);

    function toNowRow({ mean: value, hour, ...rest }: WeatherNow): z.infer<typeof nowRow> {
      const endMs = Math.min(hourStartMs(hour) + HOUR_MS, Math.max(watermarkMs, hourStartMs(hour)));
      return {
        ...rest,
        name: registry.metric(rest.metric)?.entry.name ?? null,
        unit: unitOf(registry, rest.metric),
        value,
        hour: hourIso(hour),
        age_seconds: Math.max(0, Math.floor((nowMs - endMs) / 1_000)),
      };
    }
  });

  app.openapi(historical, async (c) => {
    const of = c.req.valid('param').city;
    const { from, to, limit, cursor, revision, step = 'hour', metric: metricOf, kind: kindOf } = c.req.valid('query');
    const zone = zoneOfCity(registry, of);
    const range = await instantsOf(deps, { from, to }, zone);
    const filter = { place: { city: of }, metric: metricOf, kind: kindOf };
    const shared = { city: of, metric: metricOf, unit: unitOf(registry, metricOf), zone };
    return answerList(
      c,
      { limit, cursor, revision },
      {
        name: `historical-${step}-${zone}`,
        key: z.tuple([z.string(), z.int().min(0).max(TABLE_HOURS_MAX)]),
        columns: Object.keys(historyRow.shape) as (keyof HistoryRow)[],
        read: async (after, rows): Promise<Page<HistoryRow>> => {
          if (step === 'hour') {
            const hours = { from: Math.ceil(range.fromS / 3_600), to: Math.ceil(range.toS / 3_600) };
            const found = await readHourlyRollup(deps, {
              ...filter,
              ...hours,
              after,
              limit: rows,
            });
            return {
              ...found,
              rows: found.rows.map(({ period: hour, ...row }) => ({
                ...shared,
                ...row,
                period: hourIso(hour),
                begins: hourIso(hour),
                ends: hourIso(hour + 1),
              })),
            };
          }
          const found = await readCivilRollup(deps, { step, zone, ...filter, ...range, after, limit: rows });
          return {
            ...found,
            rows: found.rows.map(({ day, fromHour, toHour, ...row }) => ({
              ...shared,
              ...row,
              period: civilName(day, step),
              begins: hourIso(fromHour),
              ends: hourIso(toHour),
            })),
          };
        },
        onError: (error) => onError?.(error, 'GET /historical'),
      },
    );
  });
}

/** @throws {Problem} 404 for a city that neither readings nor the registry know. */
async function assertKnown({ registry, clickhouse }: ApiDeps, of: string): Promise<void> {
  if (registry.city(of) !== null) return;
  const districts = await readDistricts(clickhouse, of, { after: null, limit: 1 });
  if (districts.length === 0) throw new Problem(404, `Nothing is known of a city ${of}; GET /v1/cities lists them.`);
}
