/** For operators: `GET /v1/admin/partitions`, `GET` and `PUT /v1/admin/pool`, `POST /v1/admin/flush`. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import type { PartitionStatus, PoolReply } from '../../model/cluster.ts';
import { WORKERS_MAX } from '../../model/limits.ts';
import { ageS, lagOf } from '../../model/lag.ts';
import { lagSchema, toLag } from '../lag.ts';
import { noQuery } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem, problems } from '../problem.ts';

const count = z.int().nullable();
const time = z.string().nullable().openapi({ format: 'date-time', example: '2026-11-23T14:00:00.000Z' });
const age = z.number().nonnegative().nullable();
const partition = z
  .object({
    partition: z.int(),
    owner: z.string().nullable().openapi({ description: '`<node>/<thread>`; null: none answers, and so is all else.' }),
    epoch: count.openapi({ description: 'Rises with each change of owner.' }),
    backlog: count.openapi({
      description: 'Messages that the owner’s thread has still to come past, those of other partitions among them.',
    }),
    position: count.openapi({ description: 'Next stream sequence to read.' }),
    watermark: time,
    watermark_age_seconds: age,
    final_through: time.openapi({ description: 'Hours that end at or before this are final in this partition.' }),
    last_checkpoint: time,
    last_checkpoint_age_seconds: age,
    outbox_blocks: count.openapi({ description: 'Blocks that wait for the database.' }),
    outbox_bytes: count,
    oldest_block_age_seconds: age.openapi({ description: 'Of the block that has waited longest; null: none waits.' }),
    held_back: z
      .boolean()
      .nullable()
      .openapi({ description: 'True while the owner’s thread reads no further because the database is behind.' }),
    restarts: count.openapi({ description: 'How often the owner’s thread was started anew.' }),
    series: count,
    open_readings: count.openapi({ description: 'Readings in open hours.' }),
    next_block: count,
  })
  .openapi('Partition');

const partitions = createRoute({
  method: 'get',
  path: '/v1/admin/partitions',
  operationId: 'listPartitions',
  summary: 'Every partition of the stream: who owns it and how far it is',
  request: { query: noQuery },
  responses: {
    200: {
      description: 'Partitions, in order',
      content: { 'application/json': { schema: z.object({ data: z.array(partition), sum: lagSchema }) } },
    },
    ...problems(400, 500, 503),
  },
});

const flush = createRoute({
  method: 'post',
  path: '/v1/admin/flush',
  operationId: 'flush',
  summary: 'Write all open hours now; answers when they can be read',
  description: 'Readings that come later for a written hour correct it.',
  request: { query: noQuery },
  responses: {
    200: {
      description: 'Done',
      content: {
        'application/json': { schema: z.object({ rows: z.int().openapi({ description: 'Rows written.' }) }) },
      },
    },
    ...problems(400, 500, 503),
  },
});

const poolAnswer = z
  .object({
    workers: z.int().openapi({ description: 'Worker threads of all nodes.' }),
    nodes: z.array(
      z.object({
        node: z.string(),
        workers: z.int(),
        auto: z
          .object({ min: z.int(), max: z.int() })
          .nullable()
          .openapi({ description: 'Bounds between which the threads follow the load; null: they were set by hand.' }),
      }),
    ),
  })
  .openapi('Pool');
const poolAnswered = {
  description: 'Worker nodes and their threads',
  content: { 'application/json': { schema: poolAnswer } },
};

const pool = createRoute({
  method: 'get',
  path: '/v1/admin/pool',
  operationId: 'getPool',
  summary: 'Worker nodes and how many threads each has',
  request: { query: noQuery },
  responses: { 200: poolAnswered, ...problems(400, 500, 503) },
});

const workerCount = z.int().min(1).max(WORKERS_MAX);
const poolWanted = z
  .strictObject({
    workers: workerCount
      .optional()
      .openapi({ description: 'Threads that each node is to have; they no longer follow the load.' }),
    auto: z
      .strictObject({ min: workerCount, max: workerCount })
      .refine(({ min, max }) => min <= max, 'min is above max')
      .optional()
      .openapi({ description: 'Threads follow backlog and processors between these bounds.' }),
    node: z.string().optional().openapi({ description: 'Only this node; absent: every node.' }),
  })
  .refine(({ workers, auto }) => (workers === undefined) !== (auto === undefined), 'give either workers or auto')
  .openapi('PoolWanted');

const scale = createRoute({
  method: 'put',
  path: '/v1/admin/pool',
  operationId: 'scalePool',
  summary: 'Change the worker threads while readings flow',
  description:
    'Answers when threads that had to go have handed their partitions over; new threads take theirs within a second or two.',
  request: {
    query: noQuery,
    body: { required: true, content: { 'application/json': { schema: poolWanted } } },
  },
  responses: { 200: poolAnswered, ...problems(400, 404, 413, 415, 500, 503) },
});

export function addAdmin(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(partitions, async (c) => {
    const known = new Map((await deps.workers.status()).map((status) => [status.partition, status]));
    const data = Array.from({ length: deps.cluster.partitions }, (_, at) =>
      toRow(at, known.get(at), deps.clock.nowMs()),
    );
    return c.json({ data, sum: toLag(lagOf([...known.values()], deps.clock.nowMs())) }, 200);
  });

  app.openapi(pool, async (c) => c.json(poolOf(await deps.workers.pool({})), 200));

  app.openapi(scale, async (c) => {
    const { workers, auto, node } = c.req.valid('json');
    const nodes = await deps.workers.pool({
      ...(workers === undefined ? {} : { workers }),
      ...(auto === undefined ? {} : { auto }),
      ...(node === undefined ? {} : { node }),
    });
    if (nodes.length === 0)
      throw new Problem(404, 'no worker node of that name answers; GET /v1/admin/pool lists them');
    return c.json(poolOf(nodes), 200);
  });

  app.openapi(flush, async (c) => {
    const { rows } = await deps.workers.flush();
    return c.json({ rows }, 200);
  });
}

function poolOf(nodes: readonly PoolReply[]): z.infer<typeof poolAnswer> {
  return {
    workers: nodes.reduce((sum, { workers }) => sum + workers, 0),
    nodes: nodes.map(({ node, workers, auto }) => ({ node, workers, auto })),
  };
}

function toRow(at: number, status: PartitionStatus | undefined, nowMs: number): z.infer<typeof partition> {
  return {
    partition: at,
    owner: status?.owner ?? null,
    epoch: status?.epoch ?? null,
    backlog: status?.backlog ?? null,
    position: status?.position ?? null,
    watermark: isoOrNull(status?.watermarkMs),
    watermark_age_seconds: ageS(status?.watermarkMs ?? 0, nowMs),
    final_through: isoOrNull(status?.finalThroughMs),
    last_checkpoint: isoOrNull(status?.lastCheckpointMs),
    last_checkpoint_age_seconds: ageS(status?.lastCheckpointMs ?? 0, nowMs),
    outbox_blocks: status?.outboxBlocks ?? null,
    outbox_bytes: status?.outboxBytes ?? null,
    oldest_block_age_seconds: ageS(status?.oldestBlockMs ?? 0, nowMs),
    held_back: status?.isHeldBack ?? null,
    restarts: status?.restarts ?? null,
    series: status?.series ?? null,
    open_readings: status?.openReadings ?? null,
    next_block: status?.nextBlock ?? null,
  };
}

/** 0 stands for "none yet". */
function isoOrNull(ms: number | undefined): string | null {
  return ms === undefined || ms === 0 ? null : new Date(ms).toISOString();
}
