/** `/v1/registry/metrics`: what metrics are called, and their units. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { compareUtf8 } from '../../../model/series-order.ts';
import type { MetricEntry } from '../../../model/registry.ts';
import { answerList, listResponses, pageOf } from '../../page.ts';
import { metric, noQuery, page } from '../../params.ts';
import type { ApiDeps } from '../../ports.ts';
import { metric as metricSchema, metricBody } from '../../registry-schemas.ts';
import { entryRoutes } from '../../registry-routes.ts';
import { answerEntry, eraseEntry, writeEntry } from '../../registry-writes.ts';

const list = createRoute({
  method: 'get',
  path: '/v1/registry/metrics',
  operationId: 'listRegisteredMetrics',
  tags: ['registry'],
  summary: 'Metrics of the registry, with their units',
  request: { query: z.strictObject(page) },
  responses: listResponses(metricSchema, 'Metrics'),
});
const { read, write, erase } = entryRoutes({
  path: '/v1/registry/metrics/{metric}',
  named: { params: z.object({ metric }), query: noQuery },
  entry: metricSchema,
  body: metricBody,
  id: 'Metric',
  read: 'A metric’s name and unit',
  write: 'Make or replace a metric’s entry',
  erase: 'Remove a metric’s entry; its readings stay',
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
