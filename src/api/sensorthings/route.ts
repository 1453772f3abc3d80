/**
 * `GET /sensorthings/v1.1/...`: OGC SensorThings 1.1, read only, over the hourly means (docs/SENSORTHINGS.md).
 *
 * Boundary: HTTP and the service's root document; the answers are ./resource.ts's. Nothing is written here: readings
 * come over NATS, MQTT and `POST /v1/readings`, names and places through the registry.
 */
import { z, type OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { answerOf, questionOf, respondUnnamed } from '../answers/answers.ts';
import { hourHeadersOf } from '../hours.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem, problems } from '../problem.ts';
import { catalogueOf } from './catalogue.ts';
import { ENTITY_SETS } from './model.ts';
import { optionsOf } from './options.ts';
import { Reader } from './reader.ts';
import { answerPath } from './resource.ts';

const ROOT = '/sensorthings/v1.1';

/** The requirements that the whole service meets; those that it meets in part are in docs/SENSORTHINGS.md alone. */
const REQUIREMENTS = [
  'datamodel',
  'resource-path/resource-path-to-entities',
  'request-data/order',
  'request-data/expand',
  'request-data/select',
  'request-data/status-code',
  'request-data/query-status-code',
  'request-data/orderby',
  'request-data/top',
  'request-data/skip',
  'request-data/count',
  'request-data/pagination',
];

export function addSensorThings(app: OpenAPIHono, deps: ApiDeps): void {
  app.openAPIRegistry.registerPath({
    method: 'get',
    path: ROOT,
    operationId: 'sensorThings',
    summary: 'OGC SensorThings 1.1, read only: what there is below this path describes itself',
    responses: {
      200: {
        description: 'The entity sets, and the requirements of OGC 18-088 that are met',
        content: { 'application/json': { schema: rootDocument } },
      },
      304: { description: 'As the ETag in If-None-Match says: nothing has changed.' },
      ...problems(400, 404, 405, 500, 501, 503),
    },
  });
  app.all(ROOT, (c) => respond(c, deps));
  app.all(`${ROOT}/*`, (c) => respond(c, deps));
}

const rootDocument = z
  .object({
    value: z.array(z.object({ name: z.string(), url: z.url() })),
    serverSettings: z.object({ conformance: z.array(z.url()) }),
  })
  .openapi('SensorThingsRoot');

async function respond(c: Context, deps: ApiDeps): Promise<Response> {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
    throw new Problem(405, 'SensorThings is read only here: it takes GET and HEAD.', {
      headers: { Allow: 'GET, HEAD' },
    });
  }
  const url = new URL(c.req.url);
  const root = `${url.origin}${ROOT}`;
  const path = url.pathname.slice(ROOT.length).replaceAll(/^\/|\/$/g, '');
  const options = optionsOf(url.searchParams);
  if (path === '') return respondUnnamed(c, answerOf(JSON.stringify(rootOf(root)), {}, false));
  // Links name the host that was asked.
  const answer = await c.get('answers').get(`${url.origin} ${questionOf(c)}`, async () => {
    const catalogue = catalogueOf(deps.registry);
    const service = { reader: new Reader(deps, catalogue), catalogue, root, nowMs: deps.clock.nowMs() };
    const headers = hourHeadersOf(deps.cluster);
    const found = await answerPath(service, path, `${url.origin}${url.pathname}`, options);
    const { isFinal } = service.reader;
    if ('nothing' in found) return answerOf('', headers, isFinal);
    if ('text' in found) return { ...answerOf(found.text, headers, isFinal), type: 'text/plain; charset=utf-8' };
    return answerOf(JSON.stringify(found.json), headers, isFinal);
  });
  // OData: a property without a value is "no content".
  return answer.type === undefined && answer.body.length === 0
    ? c.body(null, 204, answer.headers)
    : respondUnnamed(c, answer);
}

function rootOf(root: string): z.infer<typeof rootDocument> {
  return {
    value: ENTITY_SETS.map((name) => ({ name, url: `${root}/${name}` })),
    serverSettings: {
      conformance: REQUIREMENTS.map((name) => `http://www.opengis.net/spec/iot_sensing/1.1/req/${name}`),
    },
  };
}
