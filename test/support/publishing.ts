/** A careful publisher: one reading after the other, each until it is acknowledged. Boundary: tests only. */
import { jetstream } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';

/** Over all partitions. */
const SOURCES = 200;

/** Values are 0, 1, 2, ... of the city `steady`; `stop` gives how many. */
export function publishing(nc: NatsConnection): { stop(): Promise<number> } {
  const js = jetstream(nc);
  const stopped = new AbortController();
  const running = (async (): Promise<number> => {
    let sent = 0;
    while (!stopped.signal.aborted) {
      const msgID = `steady.${String(sent)}`;
      const payload = `[{"n":"s/m","v":${String(sent)}}]`;
      const isTaken = await js
        .publish(`sensors.steady.d.air.gw-${String(sent % SOURCES)}`, payload, { msgID, timeout: 1_000 })
        .then(
          () => true,
          () => false,
        );
      if (isTaken) sent += 1;
    }
    return sent;
  })();
  return {
    stop: async () => {
      stopped.abort();
      return await running;
    },
  };
}
