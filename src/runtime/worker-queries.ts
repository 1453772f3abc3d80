/**
 * Questions to the worker threads, over NATS request/reply (model/cluster.ts).
 *
 * Job: broadcasts a question and collects answers until every partition is covered. Boundary: no partition's owner
 * is known here; whoever owns one answers for it. Invariant 8: an answer that misses a partition is an error.
 */
import { createInbox, type NatsConnection, NoRespondersError } from '@nats-io/transport-node';
import {
  FLUSH_SUBJECT,
  type FlushReply,
  type FlushRequest,
  OPEN_HOURS_SUBJECT,
  type OpenHoursReply,
  type OpenHoursRequest,
  type PartitionStatus,
  POOL_SUBJECT,
  type PoolReply,
  type PoolRequest,
  STATUS_SUBJECT,
  type StatusReply,
  type WorkerQueries,
} from '../model/cluster.ts';
import { systemClock } from '../model/clock.ts';
import { WorkersUnavailable } from '../model/errors.ts';
import { pack, unpack } from './wire.ts';

/** A thread that decodes a large message answers after it. */
const OPEN_HOURS_MS_MAX = 5_000;
/** Threads that have not answered after this will not. */
const OPEN_HOURS_ATTEMPT_MS = 2_000;
const RETRY_MS = 100;
const STATUS_MS_MAX = 1_000;
const FLUSH_MS_MAX = 60_000;
/** A partition that nobody held at the question has an owner soon: the question is repeated this often. */
const FLUSH_REPEAT_MS = 500;
const POOL_MS_MAX = 30_000;
const POOL_STALL_MS = 200;

export function createWorkerQueries(nc: NatsConnection, partitions: number): WorkerQueries {
  return {
    async openHours(request) {
      const deadlineMs = systemClock.monotonicMs() + OPEN_HOURS_MS_MAX;
      for (;;) {
        const edges: OpenHoursReply['edges'] = [];
        const rows: OpenHoursReply['rows'] = [];
        const msMax = Math.min(OPEN_HOURS_ATTEMPT_MS, deadlineMs - systemClock.monotonicMs());
        const question = { subject: OPEN_HOURS_SUBJECT, of: () => request satisfies OpenHoursRequest, msMax };
        const missing = await ask<OpenHoursReply>(nc, question, partitions, (reply) => {
          rows.push(...reply.rows);
          edges.push(...reply.edges);
          return reply.edges.map((edge) => edge.partition);
        });
        if (missing.length === 0) return { rows, edges };
        // A partition that changes hands has no owner for a moment. An answer holds all partitions of a thread at one
        // moment, so the whole question is asked again.
        if (systemClock.monotonicMs() + RETRY_MS >= deadlineMs) throw new WorkersUnavailable(missing);
        await systemClock.sleep(RETRY_MS);
      }
    },
    async status() {
      const found = new Map<number, PartitionStatus>();
      const question = { subject: STATUS_SUBJECT, of: () => ({}), msMax: STATUS_MS_MAX };
      await ask<StatusReply>(nc, question, partitions, (reply) => {
        for (const status of reply.partitions) {
          const known = found.get(status.partition);
          if (known === undefined || known.epoch < status.epoch) found.set(status.partition, status);
        }
        return reply.partitions.map((status) => status.partition);
      });
      return [...found.values()].sort((a, b) => a.partition - b.partition);
    },
    async flush() {
      let rows = 0;
      const of = (missing: number[]): FlushRequest => ({ partitions: missing });
      const question = { subject: FLUSH_SUBJECT, of, msMax: FLUSH_MS_MAX, repeatMs: FLUSH_REPEAT_MS };
      const missing = await ask<FlushReply>(nc, question, partitions, (reply) => {
        rows += reply.rows;
        return reply.partitions;
      });
      if (missing.length > 0) throw new WorkersUnavailable(missing);
      return { rows };
    },
    async pool({ node, ...wanted }) {
      const nodes = await poolNodes(nc);
      const chosen = nodes.filter((one) => node === undefined || one.node === node);
      if (wanted.workers === undefined && wanted.auto === undefined) return chosen;
      const replies = chosen.map(async ({ node: name }) => {
        const request = pack({ ...wanted, node: name } satisfies PoolRequest);
        return unpack<PoolReply>((await nc.request(POOL_SUBJECT, request, { timeout: POOL_MS_MAX })).data);
      });
      return await Promise.all(replies);
    },
  };
}

/** How many nodes there are, nobody knows: the answers are over when none has come for a while. */
async function poolNodes(nc: NatsConnection): Promise<PoolReply[]> {
  const replies: PoolReply[] = [];
  const options = { strategy: 'stall', stall: POOL_STALL_MS, maxWait: STATUS_MS_MAX } as const;
  try {
    const answers = await nc.requestMany(POOL_SUBJECT, pack({} satisfies PoolRequest), options);
    for await (const answer of answers) replies.push(unpack<PoolReply>(answer.data));
  } catch (error) {
    if (!(error instanceof NoRespondersError)) throw error;
  }
  return replies.sort((a, b) => (a.node < b.node ? -1 : 1));
}

interface Question {
  readonly subject: string;
  /** What to ask while these partitions are not answered for. */
  readonly of: (missing: number[]) => object;
  readonly msMax: number;
  /** Absent: asked once. */
  readonly repeatMs?: number;
}

/** Returns the partitions that nobody answered for in time. */
async function ask<Reply>(
  nc: NatsConnection,
  { subject, of, msMax, repeatMs }: Question,
  partitions: number,
  take: (reply: Reply) => number[],
): Promise<number[]> {
  const missing = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const inbox = createInbox();
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      clearInterval(repeating);
      subscription.unsubscribe();
      resolve();
    };
    const publish = (): void => {
      nc.publish(subject, pack(of([...missing])), { reply: inbox });
    };
    const timer = setTimeout(done, msMax);
    const repeating = repeatMs === undefined ? undefined : setInterval(publish, repeatMs);
    const subscription = nc.subscribe(inbox, {
      callback: (error, msg) => {
        if (error !== null || (msg.data.length === 0 && msg.headers?.code === 503)) {
          done();
          return;
        }
        for (const partition of take(unpack<Reply>(msg.data))) missing.delete(partition);
        if (missing.size === 0) done();
      },
    });
    publish();
  });
  return [...missing];
}
