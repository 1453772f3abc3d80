/**
 * One member's part in sharing the partitions: there is no coordinator, every member runs this.
 *
 * Job: renews the member's lease, watches the others', and moves the host towards its share of the placement: hands
 * over what belongs elsewhere (final checkpoint, then release), takes what is free or whose holder's lease has expired.
 * Boundary: knows partitions by number; what taking and handing over mean is the {@link PartitionOwner}'s.
 * Invariant 9: a lease makes double work rare. It is held until LEASE_STOP_MS after the last renewal that succeeded was
 * *sent*; the checkpoint's fence (invariant 3) makes harmless what a lease cannot prevent.
 */
import type { Clock } from '../../model/clock.ts';
import { explain } from '../../model/errors.ts';
import {
  LEASE_ECHO_MS_MAX,
  LEASE_LOOK_MS,
  LEASE_RENEW_MS,
  LEASE_STOP_MS,
  UNTRUSTED_RETRY_MS,
} from '../../model/limits.ts';
import type { Log } from '../../model/log.ts';
import { WrongRevision } from '../checkpoint-bucket.ts';
import type { LeaseBucket, LeaseEntry } from './lease-bucket.ts';
import { encodeLease, encodeMember, leaseKey, LeaseTable, memberKey } from './lease-table.ts';
import { placePartitions } from './placement.ts';

/** The host, as its keeper sees it. */
export interface PartitionOwner {
  /** Partitions that are read now. */
  owned(): readonly number[];
  /** Claims, loads and reads them. Returns those whose checkpoint cannot be trusted: they stay out. */
  take(partitions: readonly number[]): Promise<readonly number[]>;
  /** Stops reading them and writes their final checkpoints. */
  handOver(partitions: readonly number[]): Promise<void>;
  /** Somebody else has them: forgets them without a word. */
  drop(partitions: readonly number[]): Promise<void>;
}

export interface KeeperOptions {
  /** Unique among all that live; the same for a thread that is started again. */
  readonly member: string;
  /** Unique for every run. */
  readonly run: string;
  readonly partitions: number;
}

export class LeaseKeeper {
  readonly #bucket: LeaseBucket;
  readonly #owner: PartitionOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: KeeperOptions;
  readonly #table: LeaseTable;
  readonly #stop = new AbortController();
  readonly #retryMs = new Map<number, number>();
  #watch: { stop(): void } | null = null;
  #beat = 0;
  #firstBeat = 0;
  #heldUntilMs = -Infinity;
  #isLeaving = false;
  #isAbandoned = false;
  /** True where all that others have claimed while this member was silent is known and was dropped. */
  #isTrusted = false;
  #running: Promise<unknown> = Promise.resolve();
  #moving: Promise<void> = Promise.resolve();
  #settle: () => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  /** Resolves when this member has had its whole share for the first time and nobody's partition is without an owner. */
  readonly settled: Promise<void>;
  /** Rejects when the owner failed while it took or handed over. */
  readonly failed: Promise<never>;

  constructor(ports: { bucket: LeaseBucket; owner: PartitionOwner; clock: Clock; log: Log }, options: KeeperOptions) {
    this.#bucket = ports.bucket;
    this.#owner = ports.owner;
    this.#clock = ports.clock;
    this.#log = ports.log;
    this.#options = options;
    this.#table = new LeaseTable(options.member, options.run);
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined);
  }

  /** False: this member may have been replaced, and must neither commit nor answer for its partitions. */
  get isHeld(): boolean {
    return !this.#isAbandoned && this.#isTrusted && this.#isAlive;
  }

  get #isAlive(): boolean {
    return this.#clock.monotonicMs() < this.#heldUntilMs;
  }

  /** True where another member lives that can take partitions over; `beyond`: only those of whom it is true count. */
  hasPeers(beyond: (member: string) => boolean = () => true): boolean {
    return this.#table.placeable().some((name) => name !== this.#options.member && beyond(name));
  }

  start(): void {
    this.#moving = this.#moveUntilStopped();
    this.#running = Promise.all([this.#renewUntilStopped(), this.#watchUntilStopped()]);
  }

  /** Wants no partition any more, and says so before the last checkpoints are written. The lease is still renewed. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    await this.#renew();
  }

  /** After {@link leave} and the owner's last checkpoints: releases every lease. */
  async stop(): Promise<void> {
    this.abandon();
    await Promise.all([this.#running, this.#moving]);
    await this.#release(this.#held());
    // Where it does not succeed, the lease expires.
    await this.#bucket.remove(memberKey(this.#options.member)).catch(() => undefined);
  }

  /** Ends without a word: a member of the same name goes on, or the lease expires. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#stop.abort();
    this.#watch?.stop();
  }

  async #renewUntilStopped(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // Not awaited: a renewal that hangs must not keep the next one from being sent.
      void this.#renew();
      await this.#clock.sleep(LEASE_RENEW_MS, this.#stop.signal);
    }
  }

  async #renew(): Promise<void> {
    this.#beat += 1;
    const beat = this.#beat;
    const { member, run } = this.#options;
    const value = encodeMember({ run, beat, leaving: this.#isLeaving });
    const sentMs = this.#clock.monotonicMs();
    try {
      await this.#bucket.put(memberKey(member), value);
      // After a silence the lease is worth nothing before this write has come back, and all before it.
      if (!this.#isAlive) {
        this.#isTrusted = false;
        this.#firstBeat = Math.max(this.#firstBeat, beat);
      }
      this.#heldUntilMs = Math.max(this.#heldUntilMs, sentMs + LEASE_STOP_MS);
    } catch {
      // The next renewal is under way soon; until one succeeds the lease runs out.
    }
  }

  /** Watches anew whenever its own writes do not come back. */
  async #watchUntilStopped(): Promise<void> {
    let beat = -1;
    let heardMs = -Infinity;
    while (!this.#stop.signal.aborted) {
      const nowMs = this.#clock.monotonicMs();
      if (this.#table.echoBeat !== beat) {
        beat = this.#table.echoBeat;
        heardMs = nowMs;
      }
      if (nowMs - heardMs > LEASE_ECHO_MS_MAX) {
        heardMs = nowMs;
        await this.#watchAnew();
      }
      await this.#clock.sleep(LEASE_LOOK_MS, this.#stop.signal);
    }
  }

  async #watchAnew(): Promise<void> {
    this.#watch?.stop();
    this.#watch = null;
    this.#firstBeat = this.#beat + 1;
    try {
      this.#watch = await this.#bucket.watch((entry) => this.#take(entry));
    } catch {
      // The broker is away; the loop comes by again.
    }
  }

  #take(entry: LeaseEntry): void {
    this.#table.take(entry, this.#clock.monotonicMs());
  }

  async #moveUntilStopped(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted && !this.#isLeaving) {
        // All that was written before an own write is known once that has come back.
        if (this.#isAlive && this.#table.echoBeat >= this.#firstBeat) await this.#move();
        await this.#clock.sleep(LEASE_LOOK_MS, this.#stop.signal);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  async #move(): Promise<void> {
    const { member, partitions } = this.#options;
    const placement = placePartitions(partitions, this.#table.placeable());
    const share = new Set(placement.get(member));
    const holderOf = (partition: number): string | null => this.#table.leaseOf(partition).member;

    const lost = this.#owner.owned().filter((partition) => holderOf(partition) !== member);
    if (lost.length > 0) {
      this.#log.warn(`partitions ${lost.join(', ')} were taken over by others while this worker was silent`);
      await this.#owner.drop(lost);
    }
    this.#isTrusted = this.#table.echoBeat >= this.#firstBeat;
    const surplus = this.#owner.owned().filter((partition) => !share.has(partition));
    if (surplus.length > 0) await this.#owner.handOver(surplus);
    // Also what an earlier attempt left, whose answer was lost.
    await this.#release(this.#held().filter((partition) => !share.has(partition)));
    const owned = new Set(this.#owner.owned());
    const nowMs = this.#clock.monotonicMs();
    const missing = [...share].filter((partition) => !owned.has(partition));
    const free = missing.filter((partition) => {
      const holder = holderOf(partition);
      const isFree = holder === null || holder === member || this.#table.hasExpired(holder);
      return isFree && (this.#retryMs.get(partition) ?? -Infinity) <= nowMs;
    });
    if (free.length > 0) await this.#claim(free);
    await this.#forget();
    if (this.#isSettled()) this.#settle();
  }

  async #claim(partitions: readonly number[]): Promise<void> {
    const claimed = await Promise.all(partitions.map(async (partition) => await this.#swapLease(partition, true)));
    const taken = partitions.filter((_, at) => claimed[at]);
    if (taken.length === 0) return;
    const untrusted = await this.#owner.take(taken);
    const retryMs = this.#clock.monotonicMs() + UNTRUSTED_RETRY_MS;
    for (const partition of untrusted) this.#retryMs.set(partition, retryMs);
  }

  async #release(partitions: readonly number[]): Promise<void> {
    await Promise.all(partitions.map((partition) => this.#swapLease(partition, false)));
  }

  #held(): number[] {
    const { member, partitions } = this.#options;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    return all.filter((partition) => this.#table.leaseOf(partition).member === member);
  }

  /** True where this attempt was carried out, as far as we were told. */
  async #swapLease(partition: number, isClaim: boolean): Promise<boolean> {
    const { member } = this.#options;
    const lease = this.#table.leaseOf(partition);
    if (isClaim && lease.member === member) return true;
    if (!isClaim && lease.member !== member) return true;
    const value = encodeLease(isClaim ? member : null);
    try {
      const revision = await this.#bucket.swap(leaseKey(partition), value, lease.revision);
      this.#take({ key: leaseKey(partition), value, revision });
      return true;
    } catch (error) {
      // Carried out or not, the watch will tell: whoever holds the lease then may claim again.
      if (!(error instanceof WrongRevision))
        this.#log.debug(`lease of partition ${String(partition)}: ${explain(error)}`);
      return false;
    }
  }

  /** Removes what is left of members who died. */
  async #forget(): Promise<void> {
    for (const name of this.#table.forgotten()) await this.#bucket.remove(memberKey(name)).catch(() => undefined);
  }

  #isSettled(): boolean {
    const { partitions } = this.#options;
    for (let partition = 0; partition < partitions; partition++) {
      const { member } = this.#table.leaseOf(partition);
      if (member === null || this.#table.hasExpired(member)) return false;
    }
    return true;
  }
}
