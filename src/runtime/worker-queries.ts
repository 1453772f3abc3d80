/**
 * Questions to the worker threads, over NATS request/reply (model/cluster.ts).
 *
 * Job: broadcasts a question and collects answers until every partition is covered. Boundary: no partition's owner
 * is known here; whoever owns one answers for it. Invariant 8: an answer that misses a partition is an error.
 */
import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import {
  FLUSH_SUBJECT,
  type FlushReply,
  OPEN_HOURS_SUBJECT,
  type OpenHoursReply,
  type OpenHoursRequest,
  type PartitionStatus,
  STATUS_SUBJECT,
  type StatusReply,
  type WorkerQueries,
} from '../model/cluster.ts';
import { WorkersUnavailable } from '../model/errors.ts';
import { pack, unpack } from './wire.ts';

/** A thread that decodes a large message answers after it. */
const OPEN_HOURS_MS_MAX = 3_000;
const STATUS_MS_MAX = 1_000;
const FLUSH_MS_MAX = 60_000;

export function createWorkerQueries(nc: NatsConnection, partitions: number): WorkerQueries {
  return {
    async openHours(request) {
      const edges: OpenHoursReply['edges'] = [];
      const rows: OpenHoursReply['rows'] = [];
      const missing = await ask<OpenHoursReply>(
        nc,
        OPEN_HOURS_SUBJECT,
        request satisfies OpenHoursRequest,
        OPEN_HOURS_MS_MAX,
        partitions,
        (reply) => {
          rows.push(...reply.rows);
          edges.push(...reply.edges);
          return reply.edges.map((edge) => edge.partition);
        },
      );
      if (missing.length > 0) throw new WorkersUnavailable(missing);
      return { rows, edges };
    },
    async status() {
      const found = new Map<number, PartitionStatus>();
      await ask<StatusReply>(nc, STATUS_SUBJECT, {}, STATUS_MS_MAX, partitions, (reply) => {
        for (const status of reply.partitions) found.set(status.partition, status);
        return reply.partitions.map((status) => status.partition);
      });
      return [...found.values()].sort((a, b) => a.partition - b.partition);
    },
    async flush() {
      let rows = 0;
      const missing = await ask<FlushReply>(nc, FLUSH_SUBJECT, {}, FLUSH_MS_MAX, partitions, (reply) => {
        rows += reply.rows;
        return reply.partitions;
      });
      if (missing.length > 0) throw new WorkersUnavailable(missing);
      return { rows };
    },
  };
}

/** Returns the partitions that nobody answered for in time. */
async function ask<Reply>(
  nc: NatsConnection,
  subject: string,
  request: object,
  timeoutMs: number,
  partitions: number,
  take: (reply: Reply) => number[],
): Promise<number[]> {
  const missing = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const inbox = createInbox();
  await new Promise<void>((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      subscription.unsubscribe();
      resolve();
    };
    const timer = setTimeout(done, timeoutMs);
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
    nc.publish(subject, pack(request), { reply: inbox });
  });
  return [...missing];
}
