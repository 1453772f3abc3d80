/** `GET /v1/live`: the open hours of a city as they grow, as Server-Sent Events. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { HttpBindings } from '@hono/node-server';
import { LIVE_HEARTBEAT_MS, LIVE_RETRY_MS } from '../../model/limits.ts';
import { hourHeadersOf } from '../hours.ts';
import type { LiveHour } from '../live/city-feed.ts';
import { eventStream } from '../live/event-stream.ts';
import { hourHeaders } from '../page.ts';
import { city, district, kind, metric } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { problems } from '../problem.ts';

const LAST_EVENT_ID_CHARS_MAX = 64;
const lastEventId = z
  .string()
  .max(LAST_EVENT_ID_CHARS_MAX)
  .optional()
  .openapi({ description: 'The id of the last event that was received: only what has changed since is sent.' });

const event = z
  .object({
    city: z.string(),
    district: z.string(),
    kind: z.string(),
    metric: z.string(),
    hour: z.string().openapi({ format: 'date-time', example: '2026-11-23T14:00:00Z' }),
    count: z.int(),
    sum: z.number().nullable().openapi({ description: 'null: it overflowed.' }),
    min: z.number(),
    max: z.number(),
    mean: z.number().nullable(),
    sensors: z.int().nullable().openapi({ description: 'Distinct sensors; null while the hour is open.' }),
    status: z.enum(['provisional', 'final']),
    watermark: z.string().openapi({ format: 'date-time', description: 'Least committed watermark of all partitions.' }),
  })
  .openapi('LiveHour') satisfies z.ZodType<LiveHour>;

const EXAMPLE = `retry: ${String(LIVE_RETRY_MS)}

id: 6f1c2a0b-17
event: hour
data: {"city":"lisbon","district":"alfama","kind":"air","metric":"temperature","hour":"2026-11-23T14:00:00Z","count":60,"sum":1290,"min":21.1,"max":21.9,"mean":21.5,"sensors":null,"status":"provisional","watermark":"2026-11-23T14:31:02.125Z"}

`;

const route = createRoute({
  method: 'get',
  path: '/v1/live',
  operationId: 'live',
  summary: 'Open hours of a city as they grow: Server-Sent Events',
  description: [
    'One event `hour` has the newest figures of one hour of one (district, kind, metric); its data are a `LiveHour`.',
    'First comes the newest event of every hour that is open, and of the last one that is final; then whatever changes,',
    'at most once a second for each. When an hour becomes final, a last event says so, with the figures of',
    '`/v1/districts/{city}/{district}/{metric}/hourly`; corrections that come later are not sent.',
    'A client that is slow is sent the newest figures and none of those in between.',
    `After ${String(LIVE_HEARTBEAT_MS / 1_000)} s without an event there is a comment.`,
    'Whoever comes back with `Last-Event-ID` is sent what has changed since, or everything where that is not known',
    'any more: another server, or a minute in which nobody looked at the city.',
    'While a partition changes hands the figures are not whole, and events pause for some seconds.',
  ].join(' '),
  request: {
    query: z.strictObject({
      city,
      district: district.optional(),
      kind: kind.optional(),
      metric: metric.optional(),
      last_event_id: lastEventId.openapi({
        description: 'As the header `Last-Event-ID`, for those who cannot set it.',
      }),
    }),
    headers: z.object({ 'last-event-id': lastEventId }),
  },
  responses: {
    200: {
      description: 'Events until the client or the server ends them',
      headers: hourHeaders,
      content: { 'text/event-stream': { schema: z.string(), example: EXAMPLE } },
    },
    ...problems(400, 429, 500, 503),
  },
});

export function addLive(app: OpenAPIHono, { live, cluster }: ApiDeps): void {
  app.openAPIRegistry.register('LiveHour', event);
  app.openapi(route, (c) => {
    const { last_event_id: fromQuery, ...filter } = c.req.valid('query');
    const lastId = c.req.valid('header')['last-event-id'] ?? fromQuery;
    const headers = {
      ...hourHeadersOf(cluster),
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      // For proxies that collect answers before they pass them on.
      'X-Accel-Buffering': 'no',
      // The stream takes the connection to its end, so a server that closes has nothing to wait for.
      Connection: 'close',
    };
    if (c.req.method === 'HEAD') return c.body(null, 200, headers);
    const address = addressOf(c.env);
    return c.body(eventStream(live.open({ ...filter, lastEventId: lastId, address, transport: 'sse' })), 200, headers);
  });
}

/** Empty where the app is called without a socket. */
function addressOf(env: unknown): string {
  return (env as Partial<HttpBindings> | undefined)?.incoming?.socket.remoteAddress ?? '';
}
