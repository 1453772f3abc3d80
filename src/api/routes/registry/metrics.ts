/** `/v1/registry/metrics`: what metrics are called, and their units. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { compareUtf8 } from '../../../model/series-order.ts';
import type { MetricEntry } from '../../../model/registry.ts';
import { answerList, listResponses, pageOf } from '../../page.ts';
import { metric, noQuery, page } from '../../params.ts';
import type { ApiDeps } from '../../ports.ts';
import { metric as metricSchema, metricBody } from '../../registry-schemas.ts';
import {
  answerEntry,
  conditions,
  entryBodyLimit,
  eraseEntry,
  eraseResponses,
  ifMatch,
  readResponses,
  writeEntry,
  writeResponses,
} from '../../registry-writes.ts';

const PATH = '/v1/registry/metrics/{metric}';
const tags = ['registry'];
const params = z.object({ metric });

const list = createRoute({
  method: 'get',
  path: '/v1/registry/metrics',
  operationId: 'listRegisteredMetrics',
  tags,
  summary: 'Metrics of the registry, with their units',
  request: { query: z.strictObject(page) },
  responses: listResponses(metricSchema, 'Metrics'),
});
const read = createRoute({
  method: 'get',
  path: PATH,
  operationId: 'getRegisteredMetric',
  tags,
  summary: 'A metric’s name and unit',
  request: { params, query: noQuery },
  responses: readResponses(metricSchema),
});
const write = createRoute({
  method: 'put',
  path: PATH,
  operationId: 'putRegisteredMetric',
  tags,
  summary: 'Make or replace a metric’s entry',
  middleware: entryBodyLimit,
  request: {
    params,
    query: noQuery,
    headers: conditions,
    body: { required: true, content: { 'application/json': { schema: metricBody } } },
  },
  responses: writeResponses(metricSchema),
});
const erase = createRoute({
  method: 'delete',
  path: PATH,
  operationId: 'deleteRegisteredMetric',
  tags,
  summary: 'Remove a metric’s entry; its readings stay',
  request: { params, query: noQuery, headers: ifMatch },
  responses: eraseResponses,
});

export function addRegisteredMetrics(app: OpenAPIHono, { registry, onError }: ApiDeps): void {
  app.openapi(list, (c) =>
    answerList(c, c.req.valid('query'), {
      name: 'registry-metrics',
      key: z.tuple([z.string()]),
      columns: ['metric', 'name', 'unit'],
      read: (after, limit) => {
        const rows = registry.metrics().map(({ entry }) => toBody(entry));
        const rest = after === null ? rows : rows.filter((row) => compareUtf8(row.metric, after[0]) > 0);
        return Promise.resolve(pageOf(rest, limit, (row) => [row.metric]));
      },
      onError: (error) => onError?.(error, 'GET /v1/registry/metrics'),
    }),
  );

  app.openapi(read, (c) => {
    const name = c.req.valid('param').metric;
    return answerEntry(c, registry.metric(name), `metric ${name}`, toBody);
  });

  app.openapi(write, (c) => {
    const entry: MetricEntry = { of: 'metric', ...c.req.valid('param'), ...c.req.valid('json') };
    return writeEntry(c, registry, entry, c.req.valid('header'), toBody);
  });

  app.openapi(erase, (c) => {
    const name = c.req.valid('param').metric;
    return eraseEntry(c, registry, { of: 'metric', metric: name }, c.req.valid('header'), `metric ${name}`);
  });
}

function toBody({ metric: of, name, unit }: MetricEntry): z.infer<typeof metricSchema> {
  return { metric: of, name, unit };
}
