/**
 * Answers questions about a node's pool of worker threads (model/cluster.ts, POOL_SUBJECT).
 *
 * Boundary: NATS on one side, the node on the other.
 */
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { POOL_SUBJECT, type PoolBounds, type PoolReply, type PoolRequest } from '../model/cluster.ts';
import { WORKERS_MAX } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { pack, unpack } from './wire.ts';

export interface Pool {
  readonly node: string;
  workers(): number;
  /** Null where the pool is set by hand. */
  bounds(): PoolBounds | null;
  /** By hand: the pool no longer follows the load. */
  set(workers: number): Promise<void>;
  follow(bounds: PoolBounds): Promise<void>;
}

export function answerPoolQueries(nc: NatsConnection, pool: Pool, log: Log): { stop(): void } {
  const answer = async (msg: Msg): Promise<void> => {
    const { node, workers, auto } = unpack<PoolRequest>(msg.data);
    if (node !== undefined && node !== pool.node) return;
    if (workers !== undefined && isCount(workers)) await pool.set(workers);
    else if (auto !== undefined && isCount(auto.min) && isCount(auto.max) && auto.min <= auto.max)
      await pool.follow(auto);
    msg.respond(pack({ node: pool.node, workers: pool.workers(), auto: pool.bounds() } satisfies PoolReply));
  };
  const subscription = nc.subscribe(POOL_SUBJECT, {
    callback: (error, msg) => {
      if (error !== null) return;
      answer(msg).catch((problem: unknown) => log.warn(`the pool could not be changed: ${String(problem)}`));
    },
  });
  return { stop: () => subscription.unsubscribe() };
}

function isCount(workers: number): boolean {
  return Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX;
}
