/**
 * `POST /v1/readings/{city}/{district}/{kind}/{source}`: a message over HTTP instead of NATS.
 *
 * Delivery guarantees: 202 means that JetStream has acknowledged the message; the readings that could not be used are
 * said at once and also go to REJECTED when a worker takes the message. Any other answer: the message may be sent
 * again; with `Nats-Msg-Id` or `Hourglass-Seq` it is counted once however often it arrives.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  ANSWER_INDEXES_MAX,
  MESSAGE_BYTES_MAX,
  MESSAGE_ID_CHARS_MAX,
  SEQUENCE_DIGITS_MAX,
} from '../../model/limits.ts';
import { REJECT_REASONS, type Decoded, type RejectReason } from '../../model/reading.ts';
import { checkTime } from '../../model/reading-time.ts';
import { bodyLimitOf } from '../doors/request-limits.ts';
import { invalidRequest } from '../invalid-request.ts';
import { city, district, kind, noQuery, source } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem, problems } from '../problem.ts';
import { publishProblem } from '../publish-problem.ts';

const CONTENT_TYPES = ['application/senml+json', 'application/json', 'application/msgpack'] as const;

const rejected = z
  .object({
    reason: z.enum(REJECT_REASONS),
    detail: z.string(),
    count: z.int().openapi({ description: 'Readings rejected for this reason; the whole message counts as one.' }),
    indexes: z
      .array(z.int())
      .openapi({ description: `Their positions in the message, the first ${String(ANSWER_INDEXES_MAX)}.` }),
  })
  .openapi('RejectedReadings');
type Rejected = z.infer<typeof rejected>;

const SEQUENCE = new RegExp(`^[A-Za-z0-9_-]{1,64}:([0-9]{1,${String(SEQUENCE_DIGITS_MAX)}})$`);

const headers = z.object({
  'nats-msg-id': z.string().min(1).max(MESSAGE_ID_CHARS_MAX).optional().openapi({
    description: 'Counted once within the stream’s duplicate window. Begin it with city, district and source.',
  }),
  'hourglass-seq': z
    .string()
    .refine(
      (text) => Number.isSafeInteger(Number(SEQUENCE.exec(text)?.[1] ?? NaN)),
      'expected <session>:<n>, 0 <= n < 2^53',
    )
    .optional()
    .openapi({
      type: 'string',
      description: '`<session>:<n>`: counted once, beyond any window.',
      example: 'boot-17:42',
    }),
});

const publishedSchema = z
  .object({
    sequence: z.int().openapi({ description: 'Of the message in the stream READINGS.' }),
    duplicate: z.boolean().openapi({ description: 'A message with this Nats-Msg-Id was there already.' }),
    accepted: z.int().openapi({ description: 'Readings that can be used.' }),
    rejected: z.array(rejected),
  })
  .openapi('Published');

const params = z.object({ city, district, kind, source });

const route = createRoute({
  method: 'post',
  path: '/v1/readings/{city}/{district}/{kind}/{source}',
  operationId: 'publishReadings',
  summary: 'Publish one message of readings',
  request: {
    params,
    query: noQuery,
    headers,
    body: {
      required: true,
      description: 'A SenML pack (RFC 8428) or a MessagePack frame; without a Content-Type the first byte decides.',
      content: {
        'application/senml+json': { schema: { type: 'array', items: { type: 'object' } } },
        'application/json': { schema: { oneOf: [{ type: 'array', items: { type: 'object' } }, { type: 'object' }] } },
        'application/msgpack': { schema: { type: 'string', format: 'binary' } },
      },
    },
  },
  responses: {
    202: {
      description: 'JetStream has acknowledged the message.',
      content: {
        'application/json': {
          schema: publishedSchema,
        },
      },
    },
    ...problems(400, 413, 415, 422, 500, 503),
  },
});

const limit = bodyLimitOf(MESSAGE_BYTES_MAX, `A message has at most ${String(MESSAGE_BYTES_MAX)} bytes.`);

/**
 * The route is registered for the document and served by a plain handler: what the framework's validators do with every
 * header and query parameter of a request takes longer than all that is asked for here.
 */
export function addReadings(app: OpenAPIHono, deps: ApiDeps): void {
  app.openAPIRegistry.registerPath(route);
  app.post(route.getRoutingPath(), limit, async (c) => {
    const { to, given } = readRequest(c);
    const contentType = readContentType(c.req.header('Content-Type'), c.req.header('Content-Encoding'));
    const payload = new Uint8Array(await c.req.arrayBuffer());
    const receivedMs = deps.clock.nowMs();
    const subject = `sensors.${to.city}.${to.district}.${to.kind}.${to.source}`;
    const decoded = deps.decoder(payload, contentType, subject, to.source, receivedMs);
    const { accepted, rejects } = assess(decoded, receivedMs, deps.horizonMs);
    if (accepted === 0) {
      const detail = rejects.length === 0 ? 'The message holds no reading.' : 'No reading of the message can be used.';
      throw new Problem(422, detail, { members: { reasons: rejects } });
    }
    const passed: Record<string, string> = {};
    if (contentType !== undefined) passed['Content-Type'] = contentType;
    if (given['nats-msg-id'] !== undefined) passed['Nats-Msg-Id'] = given['nats-msg-id'];
    if (given['hourglass-seq'] !== undefined) passed['Hourglass-Seq'] = given['hourglass-seq'];
    try {
      const { sequence, duplicate } = await deps.publish(subject, payload, passed);
      return answer(c, { sequence, duplicate, accepted, rejected: rejects });
    } catch (error) {
      throw publishProblem(error);
    }
  });
}

/** @throws {Problem} 400 */
function readRequest(c: Context): { to: z.infer<typeof params>; given: z.infer<typeof headers> } {
  if (c.req.url.includes('?')) valid(noQuery, c.req.query(), 'query');
  const to = valid(params, c.req.param(), 'param');
  const given = { 'nats-msg-id': c.req.header('Nats-Msg-Id'), 'hourglass-seq': c.req.header('Hourglass-Seq') };
  return { to, given: valid(headers, given, 'header') };
}

function valid<Schema extends z.ZodType>(schema: Schema, value: unknown, target: string): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(result.error, target);
  return result.data;
}

/** Says length and age itself: middleware that adds a header to an answer makes it anew, with a stream for its body. */
function answer(c: Context, published: z.infer<typeof publishedSchema>): Response {
  const body = JSON.stringify(published);
  return c.body(body, 202, {
    'Content-Type': 'application/json',
    'Content-Length': String(Buffer.byteLength(body)),
    'Cache-Control': 'no-store',
  });
}

/** @throws {Problem} 415 */
function readContentType(header: string | undefined, encoding: string | undefined): string | undefined {
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Problem(415, `The body may not be encoded; Content-Encoding is ${encoding}.`);
  }
  const essence = header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (essence === '') return undefined;
  const known = CONTENT_TYPES.find((type) => type === essence);
  if (known === undefined) {
    throw new Problem(415, `The body is one of ${CONTENT_TYPES.join(', ')}.`, {
      headers: { 'Accept-Post': CONTENT_TYPES.join(', ') },
    });
  }
  return known;
}

/** What a worker will say of the message. */
function assess(decoded: Decoded, receivedMs: number, horizonMs: number): { accepted: number; rejects: Rejected[] } {
  if (!decoded.ok) return { accepted: 0, rejects: [{ ...decoded.reject, count: 1, indexes: [] }] };
  const { batch } = decoded;
  const rejects: Rejected[] = batch.rejects.map(({ reason, detail, indexes }) => ({
    reason,
    detail,
    count: indexes.length,
    indexes: indexes.slice(0, ANSWER_INDEXES_MAX),
  }));
  const byReason = new Map<RejectReason, Rejected>();
  let accepted = 0;
  for (let at = 0; at < batch.count; at++) {
    const timeMs = batch.timeMs[at] ?? NaN;
    const reason = checkTime(timeMs, receivedMs, horizonMs);
    if (reason === null) {
      accepted++;
      continue;
    }
    let entry = byReason.get(reason);
    if (entry === undefined) {
      entry = { reason, detail: `the reading's time is ${timeText(timeMs)}`, count: 0, indexes: [] };
      byReason.set(reason, entry);
      rejects.push(entry);
    }
    entry.count++;
    if (entry.indexes.length < ANSWER_INDEXES_MAX) entry.indexes.push(batch.index[at] ?? at);
  }
  return { accepted, rejects };
}

/** A broken clock may say times that no calendar has. */
function timeText(timeMs: number): string {
  const date = new Date(timeMs);
  return Number.isNaN(date.getTime()) ? `${String(timeMs)} ms` : date.toISOString();
}
