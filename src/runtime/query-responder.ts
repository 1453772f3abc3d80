/**
 * Answers the questions of model/cluster.ts for one host.
 *
 * Boundary: NATS on one side, the host's answers on the other; a question that cannot be read is passed over.
 */
import type { Msg, NatsConnection, Subscription } from '@nats-io/transport-node';
import {
  FLUSH_SUBJECT,
  type FlushReply,
  type FlushRequest,
  OPEN_HOURS_SUBJECT,
  type OpenHoursReply,
  type OpenHoursRequest,
  STATUS_SUBJECT,
  type StatusReply,
} from '../model/cluster.ts';
import { OPEN_HOUR_ROWS_PER_MESSAGE } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import type { Host } from './host.ts';
import { pack, unpack } from './wire.ts';

/** What a host is asked. */
export type AskedHost = Pick<Host, 'openHours' | 'status' | 'flush'>;

export function answerQueries(nc: NatsConnection, host: AskedHost, log: Log): { stop(): void } {
  const on = (subject: string, answer: (msg: Msg) => void | Promise<void>): Subscription =>
    nc.subscribe(subject, {
      callback: (error, msg) => {
        if (error !== null) return;
        Promise.resolve()
          .then(() => answer(msg))
          .catch((problem: unknown) => log.warn(`a question on ${subject} could not be answered: ${String(problem)}`));
      },
    });
  /** Who waits for a flush that runs: a question that is repeated meanwhile is the same flush. */
  const flushing = new Set<string>();
  const subscriptions = [
    on(OPEN_HOURS_SUBJECT, (msg) => {
      const { rows, edges } = host.openHours(unpack<OpenHoursRequest>(msg.data));
      let first = 0;
      for (; rows.length - first > OPEN_HOUR_ROWS_PER_MESSAGE; first += OPEN_HOUR_ROWS_PER_MESSAGE) {
        msg.respond(
          pack({ rows: rows.slice(first, first + OPEN_HOUR_ROWS_PER_MESSAGE), edges: [] } satisfies OpenHoursReply),
        );
      }
      msg.respond(pack({ rows: rows.slice(first), edges } satisfies OpenHoursReply));
    }),
    on(STATUS_SUBJECT, (msg) => {
      msg.respond(pack({ partitions: host.status() } satisfies StatusReply));
    }),
    on(FLUSH_SUBJECT, async (msg) => {
      const asker = msg.reply ?? '';
      if (flushing.has(asker)) return;
      flushing.add(asker);
      try {
        const { partitions } = unpack<FlushRequest>(msg.data);
        msg.respond(pack((await host.flush(partitions)) satisfies FlushReply));
      } finally {
        flushing.delete(asker);
      }
    }),
  ];
  return {
    stop: () => {
      for (const subscription of subscriptions) subscription.unsubscribe();
    },
  };
}
