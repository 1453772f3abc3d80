/** For machines that watch: `GET /healthz`, `/readyz`, `/metrics`. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';
import { READY_CHECK_MS_MAX, RETRY_AFTER_S } from '../../model/limits.ts';
import { durabilitySchema, toDurability } from '../durability.ts';
import { lagSchema, toLag } from '../lag.ts';
import { noQuery } from '../params.ts';
import type { ApiDeps } from '../ports.ts';
import { problems } from '../problem.ts';

const check = z.object({ ok: z.boolean(), detail: z.string().optional() });
const readiness = z
  .object({
    status: z.enum(['ready', 'not-ready']),
    checks: z.object({ broker: check, database: check, partitions: check, stream: check }),
    details: z
      .object({ durability: durabilitySchema.nullable(), lag: lagSchema.nullable() })
      .openapi({ description: 'Null where it could not be read in time; neither decides whether it is ready.' }),
  })
  .openapi('Readiness');
type Check = z.infer<typeof check>;

const health = createRoute({
  method: 'get',
  path: '/healthz',
  operationId: 'health',
  summary: 'The program lives',
  request: { query: noQuery },
  responses: {
    200: { description: 'It does', content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } } },
    ...problems(400),
  },
});

const ready = createRoute({
  method: 'get',
  path: '/readyz',
  operationId: 'ready',
  summary: 'Broker and database answer, every partition has an owner, the stream takes messages',
  request: { query: noQuery },
  responses: {
    200: { description: 'Ready', content: { 'application/json': { schema: readiness } } },
    503: { description: 'Not ready, and why', content: { 'application/json': { schema: readiness } } },
    ...problems(400),
  },
});

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const metrics = createRoute({
  method: 'get',
  path: '/metrics',
  operationId: 'metrics',
  summary: 'Prometheus text',
  request: { query: noQuery },
  responses: {
    200: { description: 'Metrics', content: { 'text/plain': { schema: z.string() } } },
    ...problems(400, 500),
  },
});

export function addProbes(app: OpenAPIHono, deps: ApiDeps): void {
  app.openapi(health, (c) => c.json({ status: 'ok' as const }, 200));

  app.openapi(ready, async (c) => {
    const of = deps.cluster.partitions;
    const [durability, lag, broker, database, partitions, stream] = await Promise.all([
      told(deps, async () => deps.health.durability?.().then(toDurability)),
      told(deps, async () => deps.health.lag?.().then(toLag)),
      run(deps, async () => ((await deps.health.broker()) ? null : 'the broker does not answer')),
      run(deps, async () => ((await deps.health.database()) ? null : 'the database does not answer')),
      run(deps, async () => {
        const owned = await deps.health.partitionsOwned();
        return owned >= of ? null : `${String(owned)} of ${String(of)} partitions have an owner`;
      }),
      run(deps, async () =>
        (await deps.health.streamFull?.()) === true ? 'the stream READINGS is full and refuses publishers' : null,
      ),
    ]);
    const checks = { broker, database, partitions, stream };
    const details = { durability, lag };
    if (Object.values(checks).every(({ ok }) => ok)) return c.json({ status: 'ready' as const, checks, details }, 200);
    return c.json({ status: 'not-ready' as const, checks, details }, 503, { 'Retry-After': String(RETRY_AFTER_S) });
  });

  app.openapi(metrics, async (c) => c.text(await deps.metrics(), 200, { 'Content-Type': METRICS_TYPE }));
}

/** Null where it could not be read in time. */
async function told<T>(deps: ApiDeps, read: () => Promise<T | undefined>): Promise<T | null> {
  const done = new AbortController();
  const late = deps.clock.sleep(READY_CHECK_MS_MAX, done.signal).then(() => undefined);
  const found = await Promise.race([read().catch(() => undefined), late]);
  done.abort();
  return found ?? null;
}

/** @param problem null where all is well; a check that fails or hangs is not well. */
async function run(deps: ApiDeps, problem: () => Promise<string | null>): Promise<Check> {
  const done = new AbortController();
  const late = deps.clock.sleep(READY_CHECK_MS_MAX, done.signal).then(() => 'no answer in time');
  const detail = await Promise.race([problem().catch(() => 'the check failed'), late]);
  done.abort();
  return detail === null ? { ok: true } : { ok: false, detail };
}
