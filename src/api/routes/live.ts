/** `GET /v1/live`: the open hours of a city as they grow, as Server-Sent Events or over a WebSocket. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { type HttpBindings, upgradeWebSocket, type WebSocketLike } from '@hono/node-server';
import type { WSEvents } from 'hono/ws';
import type { WebSocket } from 'ws';
import { LIVE_HEARTBEAT_MS, LIVE_RETRY_MS } from '../../model/limits.ts';
import { createAddressReader } from '../doors/addresses.ts';
import { hourHeadersOf } from '../hours.ts';
import type { LiveHour } from '../live/city-feed.ts';
import { eventStream } from '../live/event-stream.ts';
import type { LiveAsk } from '../live/hub.ts';
import { feedSocket } from '../live/socket.ts';
import { hourHeaders } from '../page.ts';
import { city, district, kind, metric } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { problems, toProblem } from '../problem.ts';

const LAST_EVENT_ID_CHARS_MAX = 64;
/** Close code of a WebSocket, from the registry of IANA. */
const TRY_AGAIN_LATER = 1013;
const eventId = z
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
  summary: 'Open hours of a city as they grow: Server-Sent Events, or a WebSocket',
  description: [
    'One event `hour` has the newest figures of one hour of one (district, kind, metric); its data are a `LiveHour`.',
    'First comes the newest event of every hour that is open, and of the last one that is final; then whatever changes,',
    'at most once a second for each. When an hour becomes final, a last event says so, with the figures of',
    '`/v1/districts/{city}/{district}/{metric}/hourly`; corrections that come later are not sent.',
    'A client that is slow is sent the newest figures and none of those in between.',
    `After ${String(LIVE_HEARTBEAT_MS / 1_000)} s without an event there is a comment.`,
    'Whoever comes back with `Last-Event-ID` is sent what has changed since, or everything where that is not known',
    'any more: another server, or a minute in which nobody looked at the city.',
    'With `Upgrade: websocket` the same events come as messages `{"id", "event": "hour", "data"}`, with pings for comments.',
    'While a partition changes hands the figures are not whole, and events pause for some seconds.',
  ].join(' '),
  request: {
    query: z.strictObject({
      city,
      district: district.optional(),
      kind: kind.optional(),
      metric: metric.optional(),
      last_event_id: eventId.openapi({
        description: 'As the header `Last-Event-ID`, for those who cannot set it.',
      }),
    }),
    headers: z.object({ 'last-event-id': eventId }),
  },
  responses: {
    200: {
      description: 'Events until the client or the server ends them',
      headers: hourHeaders,
      content: { 'text/event-stream': { schema: z.string(), example: EXAMPLE } },
    },
    101: { description: 'The connection is a WebSocket now' },
    ...problems(400, 429, 500, 503),
  },
});

export function addLive(app: OpenAPIHono, deps: ApiDeps): void {
  const { live, cluster } = deps;
  const addressOf = createAddressReader(deps.doors?.trustedProxies ?? []);
  app.openAPIRegistry.register('LiveHour', event);
  app.openapi(route, async (c) => {
    const { last_event_id: fromQuery, ...filter } = c.req.valid('query');
    const lastEventId = c.req.valid('header')['last-event-id'] ?? fromQuery;
    const ask = { ...filter, lastEventId, address: addressOf(c) };
    if (c.req.header('upgrade')?.toLowerCase() === 'websocket') {
      live.assertRoom(ask);
      return await upgradeWebSocket(c, socketEvents(deps, ask));
    }
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
    const cut = (): void => void socketOf(c.env).outgoing?.destroy();
    return c.body(eventStream(live.open({ ...ask, transport: 'sse' }), cut), 200, headers);
  });
}

function socketEvents({ live, onError }: ApiDeps, ask: Omit<LiveAsk, 'transport'>): WSEvents<WebSocketLike> {
  return {
    // Opened here and not before: a handshake may break off.
    onOpen: (_, { raw }) => {
      const socket = raw as WebSocket;
      try {
        const subscription = live.open({ ...ask, transport: 'websocket' });
        feedSocket(socket, subscription).catch((error: unknown) => onError?.(error, 'WebSocket /v1/live'));
      } catch (error) {
        socket.close(TRY_AGAIN_LATER, toProblem(error).message);
      }
    },
  };
}

/** Nothing where the app is called without a socket. */
function socketOf(env: unknown): Partial<HttpBindings> {
  return env ?? {};
}
