/**
 * `GET /v1/ledger`: the books since the stream was created (invariant 14).
 *
 * Boundary: HTTP and schemas; the books are in ../books.ts, and `hourglass audit` reads the same.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { readBooks } from '../books.ts';
import type { ApiDeps } from '../ports.ts';
import { problems } from '../problem.ts';

const count = z.int();
const row = z
  .object({
    partition: count,
    owner: z
      .string()
      .nullable()
      .openapi({ description: 'null: no worker answers for it, and its books are not known.' }),
    messages: z.object({ taken: count, used: count, duplicate: count, rejected: count }),
    readings: z
      .object({ counted: count, late: count, rejected: count, sealed: count, open: count })
      .openapi({ description: 'counted = sealed (in blocks) + open (in memory).' }),
    table: z
      .object({ hourly: count, districts: count })
      .openapi({ description: 'Readings in the hours of sensors and in the rollups.' }),
    settled: z
      .boolean()
      .openapi({ description: 'No block waits for the database: the table must have all that is sealed.' }),
    problems: z.array(z.string()).openapi({ description: 'What does not agree, in words.' }),
    balanced: z.boolean(),
  })
  .openapi('LedgerRow');

const route = createRoute({
  method: 'get',
  path: '/v1/ledger',
  operationId: 'ledger',
  summary: 'Per partition: what became of every message and every reading since the stream was created',
  request: {
    query: z.strictObject(
      {},
      'the ledger counts since the stream was created: it takes no `from`, `to` or other parameter',
    ),
  },
  responses: {
    200: {
      description: 'The books',
      content: {
        'application/json': {
          schema: z.object({
            data: z.array(row),
            balanced: z.boolean().openapi({ description: 'Every partition is known and balances.' }),
          }),
        },
      },
    },
    ...problems(400, 500, 503),
  },
});

export function addLedger(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(route, async (c) => {
    const { cluster, clickhouse, workers, horizonMs } = deps;
    const { incarnation, partitions } = cluster;
    const books = await readBooks(await workers.status(), { clickhouse, incarnation, partitions, horizonMs });
    const data = books.map((book) => ({ ...book, balanced: book.problems.length === 0 }));
    return c.json({ data, balanced: data.every(({ balanced }) => balanced) }, 200);
  });
}
