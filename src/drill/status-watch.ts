/**
 * Who counts what, looked at many times a second: how long partitions stand still when something happens.
 *
 * Boundary: asks the workers over NATS as the API does, but waits for nobody: what an owner says is noted when it comes.
 * A partition counts as going on when its owner has taken a message that no owner was seen to have taken before; so a
 * pause is measured to the pause between two looks and two messages, and never too short by more than that.
 */
import { createInbox, type NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { STATUS_SUBJECT, type StatusReply } from '../model/cluster.ts';
import { pack, unpack } from '../runtime/wire.ts';

export interface Seen {
  /** `<node>/<thread>`. */
  readonly owner: string;
  readonly epoch: number;
  readonly position: number;
  /** Messages taken: the most that any owner has said. */
  readonly messages: number;
  readonly outboxBytes: number;
  readonly backlog: number;
  /** Monotonic ms: when it was last seen to have taken one more. */
  readonly grewMs: number;
  /** Monotonic ms of the newest answer. */
  readonly heardMs: number;
}

const LOOK_MS = 40;

export class StatusWatch {
  readonly #nc: NatsConnection;
  readonly #clock: Clock;
  readonly #seen = new Map<number, Seen>();
  readonly #pausesMs = new Map<number, number>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  constructor(nc: NatsConnection, clock: Clock) {
    this.#nc = nc;
    this.#clock = clock;
    this.#running = this.#lookUntilStopped();
  }

  /** By partition; those that nobody has ever answered for are missing. */
  get seen(): ReadonlyMap<number, Seen> {
    return this.#seen;
  }

  /** Partitions whose newest known owner is a thread of this process. */
  ownedBy(pid: number): number[] {
    const owned = [...this.#seen].filter(([, { owner }]) => isOf(owner, pid));
    return owned.map(([partition]) => partition);
  }

  /** Longest time each partition took no message, ms, since the last call; what goes on now counts too. */
  takePausesMs(): number[] {
    const nowMs = this.#clock.monotonicMs();
    const pauses = [...this.#seen].map(([partition, { grewMs }]) =>
      Math.max(this.#pausesMs.get(partition) ?? 0, nowMs - grewMs),
    );
    this.#pausesMs.clear();
    return pauses;
  }

  /** Forgets how long nothing came: publishing begins again. */
  restartPauses(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const [partition, seen] of this.#seen) this.#seen.set(partition, { ...seen, grewMs: nowMs });
    this.#pausesMs.clear();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #lookUntilStopped(): Promise<void> {
    const inbox = createInbox();
    const subscription = this.#nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error === null && message.data.length > 0) this.#take(unpack<StatusReply>(message.data));
      },
    });
    while (!this.#stop.signal.aborted && !this.#nc.isClosed()) {
      this.#nc.publish(STATUS_SUBJECT, pack({}), { reply: inbox });
      await this.#clock.sleep(LOOK_MS, this.#stop.signal);
    }
    subscription.unsubscribe();
  }

  #take({ partitions }: StatusReply): void {
    const nowMs = this.#clock.monotonicMs();
    for (const { partition, owner, epoch, position, totals, outboxBytes, backlog } of partitions) {
      const before = this.#seen.get(partition);
      // One that was replaced and does not know it yet.
      if (before !== undefined && epoch < before.epoch) continue;
      const grows = before === undefined || totals.messages > before.messages;
      if (before !== undefined && grows)
        this.#pausesMs.set(partition, Math.max(this.#pausesMs.get(partition) ?? 0, nowMs - before.grewMs));
      this.#seen.set(partition, {
        owner,
        epoch,
        position,
        messages: Math.max(totals.messages, before?.messages ?? 0),
        outboxBytes,
        backlog,
        grewMs: grows ? nowMs : before.grewMs,
        heardMs: nowMs,
      });
    }
  }
}

/** Owners are `<host>-<pid>/<thread>`. */
export function isOf(owner: string, pid: number): boolean {
  return owner.slice(0, owner.lastIndexOf('/')).endsWith(`-${String(pid)}`);
}
