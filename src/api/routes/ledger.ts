/**
 * `GET /v1/ledger`: the books since the stream was created (invariant 14).
 *
 * Boundary: the workers' totals beside the table's counts. The table is read for blocks below the number that each
 * worker said it would use next, so that what is sealed meanwhile does not show.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { PartitionStatus } from '../../model/cluster.ts';
import { balances } from '../../model/ledger.ts';
import type { ApiDeps } from '../ports.ts';
import { problems } from '../problem.ts';
import { readTableCounts, type TableCounts } from '../queries/ledger.ts';

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
    const known = new Map((await workers.status()).map((status) => [status.partition, status]));
    const partitions = Array.from({ length: cluster.partitions }, (_, at) => at);
    const nextBlocks = partitions.map((at) => known.get(at)?.nextBlock ?? 0);
    const tables = await readTableCounts(clickhouse, cluster.incarnation, nextBlocks);
    const data = partitions.map((at) =>
      toRow(at, known.get(at), tables.get(at) ?? { hourly: 0, districts: 0 }, horizonMs > 0),
    );
    return c.json({ data, balanced: data.every(({ balanced }) => balanced) }, 200);
  });
}

/** @param isForgetful with a horizon the table drops old rows: it may have fewer, never more. */
function toRow(
  at: number,
  status: PartitionStatus | undefined,
  table: TableCounts,
  isForgetful: boolean,
): z.infer<typeof row> {
  if (status === undefined) {
    const messages = { taken: 0, used: 0, duplicate: 0, rejected: 0 };
    const readings = { counted: 0, late: 0, rejected: 0, sealed: 0, open: 0 };
    return { partition: at, owner: null, messages, readings, table, settled: false, balanced: false };
  }
  const { totals, openReadings } = status;
  const settled = status.outboxBlocks === 0;
  const agrees = (counted: number): boolean =>
    settled && !isForgetful ? counted === totals.readingsSealed : counted <= totals.readingsSealed;
  return {
    partition: at,
    owner: status.owner,
    messages: {
      taken: totals.messages,
      used: totals.messagesUsed,
      duplicate: totals.messagesDuplicate,
      rejected: totals.messagesRejected,
    },
    readings: {
      counted: totals.readingsCounted,
      late: totals.readingsLate,
      rejected: totals.readingsRejected,
      sealed: totals.readingsSealed,
      open: openReadings,
    },
    table,
    settled,
    balanced: balances(totals, openReadings) && agrees(table.hourly) && agrees(table.districts),
  };
}
