/**
 * How long partitions pause when they change hands: from the last moment at which the old owner was seen to get on to
 * the first at which the new one was.
 *
 * Boundary: tests only; asks the worker threads for their status all the time. An owner gets on where its position
 * rises, and that is every 100 ms while the stream grows (a host's tick), so a pause is known to that.
 */
import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { STATUS_SUBJECT, type StatusReply } from '../../src/model/cluster.ts';
import { pack, unpack } from '../../src/runtime/wire.ts';

const ASK_MS = 20;

interface Progress {
  owner: string;
  position: number;
  /** When it was last seen to have risen. */
  risenMs: number;
}

export class PauseWatch {
  readonly #partitions = new Map<number, Progress>();
  readonly #pausesMs: number[] = [];
  readonly #stop = new AbortController();
  readonly #asking: Promise<void>;

  constructor(nc: NatsConnection) {
    const inbox = createInbox();
    const subscription = nc.subscribe(inbox, {
      callback: (error, msg) => {
        if (error === null && msg.data.length > 0) this.#take(unpack<StatusReply>(msg.data));
      },
    });
    const question = pack({});
    this.#asking = (async () => {
      while (!this.#stop.signal.aborted) {
        nc.publish(STATUS_SUBJECT, question, { reply: inbox });
        await pause(ASK_MS);
      }
      subscription.unsubscribe();
    })();
  }

  #take({ partitions }: StatusReply): void {
    const nowMs = performance.now();
    for (const { partition, owner, position } of partitions) {
      const known = this.#partitions.get(partition);
      if (known === undefined) this.#partitions.set(partition, { owner, position, risenMs: nowMs });
      else if (position > known.position) {
        if (owner !== known.owner) this.#pausesMs.push(nowMs - known.risenMs);
        this.#partitions.set(partition, { owner, position, risenMs: nowMs });
      }
    }
  }

  async stop(): Promise<{ moves: number; medianMs: number; longestMs: number }> {
    this.#stop.abort();
    await this.#asking;
    const sorted = this.#pausesMs.sort((a, b) => a - b);
    return {
      moves: sorted.length,
      medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0,
      longestMs: sorted.at(-1) ?? 0,
    };
  }
}
