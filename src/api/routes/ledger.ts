/**
 * `GET /v1/ledger`: the books since the stream was created, or of a time (invariant 14).
 *
 * Boundary: HTTP and schemas; the books are in ../books.ts and ../books-of-time.ts, and `hourglass audit` reads the same.
 */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { keepDear } from '../answers/keep-dear.ts';
import { DEAR_ANSWER_MS } from '../../model/limits.ts';
import { askBooksOfTime, type BooksOfTime } from '../books-of-time.ts';
import { readBooks } from '../books.ts';
import { range } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { problems } from '../problem.ts';

const count = z.int();
const instant = z.iso.datetime();
const messages = z.object({ taken: count, used: count, duplicate: count, rejected: count });
const gaps = count.nullable().openapi({
  description:
    'Messages of its own that are missing in the stream. null: some may be, how many cannot be told, since a lost message takes its subject along; `missing` is the number of all partitions together.',
});
const problemTexts = z.array(z.string()).openapi({ description: 'What does not agree, in words.' });
const whole = {
  missing: count.nullable().openapi({
    description:
      'Messages of the stream that no partition has taken, exactly; null where the partitions have not read equally far and it cannot be told now.',
  }),
  problems: z.array(z.string()).openapi({ description: 'What does not agree and is no single partition’s.' }),
  balanced: z.boolean().openapi({ description: 'Every partition is known and balances, and no loss is unaccepted.' }),
};

const row = z
  .object({
    partition: count,
    owner: z
      .string()
      .nullable()
      .openapi({ description: 'null: no worker answers for it, and its books are not known.' }),
    messages,
    readings: z
      .object({ counted: count, late: count, rejected: count, sealed: count, open: count })
      .openapi({ description: 'counted = sealed (in blocks) + open (in memory).' }),
    table: z
      .object({ hourly: count, districts: count })
      .openapi({ description: 'Readings in the hours of sensors and in the rollups.' }),
    gaps,
    settled: z
      .boolean()
      .openapi({ description: 'No block waits for the database: the table must have all that is sealed.' }),
    problems: problemTexts,
    balanced: z.boolean(),
  })
  .openapi('LedgerRow');

const rowOfTime = z
  .object({
    partition: count,
    from: instant,
    to: instant.openapi({
      description: 'The figures are those of what the broker received from `from` to before `to`.',
    }),
    messages,
    readings: z.object({ counted: count, late: count, rejected: count }),
    gaps,
    problems: problemTexts,
    balanced: z.boolean(),
  })
  .openapi('LedgerRowOfTime');

const ledger = z
  .object({
    read_at: instant.openapi({
      description:
        'When it was read. Where that takes long, it is given again for a while: `hourglass audit` reads anew.',
    }),
    data: z.array(row),
    ...whole,
  })
  .openapi('Ledger');
const ledgerOfTime = z
  .object({
    from: instant,
    to: instant.openapi({
      description:
        'What the broker received from `from` to before `to` is in every row. Instants between two entries of the ledger stand for the beginning of their minute, one that has not come yet for what is committed now; each row says its own.',
    }),
    data: z.array(rowOfTime),
    ...whole,
  })
  .openapi('LedgerOfTime');

const route = createRoute({
  method: 'get',
  path: '/v1/ledger',
  operationId: 'ledger',
  summary: 'Per partition: what became of every message and every reading, since the stream was created or in a time',
  description:
    'Without `from` and `to`: since the stream was created, as the workers say it now, beside what the tables have. With one of them: what the broker received in that time, as committed.',
  request: {
    query: z.strictObject({
      from: range.from.openapi({ description: 'Received by the broker at or after this.' }),
      to: range.to.openapi({ description: 'Received by the broker before this.' }),
    }),
  },
  responses: {
    200: { description: 'The books', content: { 'application/json': { schema: z.union([ledger, ledgerOfTime]) } } },
    ...problems(400, 500, 503),
  },
});

export function addLedger(app: OpenAPIHono, deps: ApiDeps): void {
  const { cluster, clickhouse, workers, horizonMs } = deps;
  const { incarnation, partitions } = cluster;
  const sinceCreated = keepDear(deps.clock, { fromMs: DEAR_ANSWER_MS, restMsMax: Infinity }, async () => {
    const readAt = new Date(deps.clock.nowMs()).toISOString();
    const sources = { clickhouse, incarnation, partitions, horizonMs, committed: deps.books() };
    const books = await readBooks(await workers.status(), sources);
    return { read_at: readAt, ...answer(books.books, books) };
  });
  app.openapi(route, async (c) => {
    const { from, to } = c.req.valid('query');
    if (from === undefined && to === undefined) {
      return c.json(await sinceCreated(), 200);
    }
    return c.json(ofTime(await askBooksOfTime(deps, { from, to })), 200);
  });
}

function answer<Row extends { readonly problems: readonly string[] }>(
  rows: readonly Row[],
  { missing, problems: texts }: { missing: number | null; problems: readonly string[] },
) {
  const data = rows.map((one) => ({ ...one, problems: [...one.problems], balanced: one.problems.length === 0 }));
  return {
    data,
    missing,
    problems: [...texts],
    balanced: texts.length === 0 && data.every(({ balanced }) => balanced),
  };
}

function ofTime(books: BooksOfTime) {
  const time = (ms: number): string => new Date(ms).toISOString();
  const rows = books.books.map(({ fromMs, toMs, ...rest }) => ({ ...rest, from: time(fromMs), to: time(toMs) }));
  return { from: time(books.fromMs), to: time(books.toMs), ...answer(rows, books) };
}
