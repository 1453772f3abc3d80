/**
 * One member's part in sharing the partitions: there is no coordinator, every member runs this.
 *
 * Job: renews the member's lease, watches the others', removes the keys of those who fell silent, and moves the host
 * towards its share of the placement: hands over what belongs elsewhere (final checkpoint, then release) to one heir after
 * the other, claims what is free or whose holder is gone. Boundary: knows partitions by number; what taking and handing
 * over mean is the {@link PartitionOwner}'s.
 * Invariant 9: a partition is claimed, by compare-and-swap, only from a member whose key was removed, and that is after
 * its lease ran out ({@link MemberLease}). Clocks that run at different speeds could still make two owners; the
 * checkpoint's fence (invariant 3) makes that harmless.
 */
import type { Clock } from '../../model/clock.ts';
import { explain } from '../../model/errors.ts';
import {
  LEASE_ECHO_MS_MAX,
  LEASE_HEIR_LOOK_MS,
  LEASE_HEIR_MS_MAX,
  LEASE_LOOK_MS,
  LEASES_MOVED_AT_ONCE,
  LEASE_REFUSED_MS_MAX,
  LEASE_RENEW_MS,
  LEASE_STOP_MS,
  UNTRUSTED_RETRY_MS,
} from '../../model/limits.ts';
import type { Log } from '../../model/log.ts';
import { WrongRevision } from '../checkpoint-bucket.ts';
import type { LeaseBucket, LeaseEntry } from './lease-bucket.ts';
import {
  decodeMember,
  encodeLease,
  leaseKey,
  LeaseTable,
  type LeaseValue,
  memberKey,
  RELEASED,
} from './lease-table.ts';
import { MemberLease, type MemberName } from './member-lease.ts';
import { placePartitions } from './placement.ts';
import { Rest } from './rest.ts';

/** The host, as its keeper sees it. */
export interface PartitionOwner {
  /** Partitions that are read now. */
  owned(): readonly number[];
  /** Claims, loads and reads them. Returns those whose checkpoint cannot be trusted: they stay out. */
  take(partitions: readonly number[]): Promise<readonly number[]>;
  /** Stops reading them and writes their final checkpoints. */
  handOver(partitions: readonly number[]): Promise<void>;
  /** Somebody else has them: forgets them without a word. */
  drop(partitions: readonly number[]): void;
}

export interface KeeperOptions extends MemberName {
  readonly partitions: number;
}

export class LeaseKeeper {
  readonly #bucket: LeaseBucket;
  readonly #owner: PartitionOwner;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #options: KeeperOptions;
  readonly #table: LeaseTable;
  readonly #lease: MemberLease;
  readonly #rest = new Rest();
  readonly #stop = new AbortController();
  readonly #retryMs = new Map<number, number>();
  #watch: { stop(): void } | null = null;
  /** Once this renewal has come back, the watch has told all that was written before it began. */
  #firstBeat = 1;
  #isLeaving = false;
  #isAbandoned = false;
  /** Those among whom the partitions were shared last, and this member's share. */
  #crowd = '';
  #share: ReadonlySet<number> = new Set();
  /** Of all who live, as of {@link #crowd}. */
  #placement: ReadonlyMap<string, readonly number[]> = new Map();
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
    this.#lease = new MemberLease(ports.bucket, ports.clock, options);
    this.settled = new Promise((resolve) => (this.#settle = resolve));
    this.failed = new Promise<never>((_, reject) => (this.#fail = reject));
    this.failed.catch(() => undefined);
  }

  /** False: this member may have been replaced, and must neither commit nor answer for its partitions. */
  get isHeld(): boolean {
    return !this.#isAbandoned && this.#lease.isHeld;
  }

  /** True where another member lives that can take partitions over; `beyond`: only those of whom it is true count. */
  hasPeers(beyond: (member: string) => boolean = () => true): boolean {
    return this.#table.placeable().some((name) => name !== this.#options.member && beyond(name));
  }

  start(): void {
    this.#moving = this.#moveUntilStopped();
    // The watch first: the first renewal then comes back through it.
    this.#running = Promise.all([this.#watchUntilStopped(), this.#renewUntilStopped()]);
  }

  /**
   * Wants no partition any more, says so, and hands over while somebody is there to take over; `isHeir`: only those of
   * whom it is true count. What is left then is for the owner's last checkpoints. The lease is still renewed.
   */
  async leave(isHeir: (member: string) => boolean = () => true): Promise<void> {
    this.#isLeaving = true;
    await this.#lease.renew(true);
    // One that is taking partitions while the database is away is not waited for: it takes nothing then.
    const late = new AbortController();
    const isStill = await Promise.race([
      this.#moving.then(() => true),
      this.#clock.sleep(LEASE_STOP_MS, late.signal).then(() => false),
    ]);
    late.abort();
    if (!isStill) return;
    let heirsRead = true;
    while (this.isHeld && this.hasPeers(isHeir) && this.#owner.owned().length > 0) {
      this.#placeAnew();
      // Where one cannot (its database is away), whoever leaves has no time for the rest.
      heirsRead = await this.#handOver(this.#owner.owned(), heirsRead ? LEASE_HEIR_MS_MAX : 0);
    }
  }

  /** After {@link leave} and the owner's last checkpoints: releases every lease. */
  async stop(): Promise<void> {
    this.abandon();
    await Promise.all([this.#running, this.#moving]);
    await this.#release(this.#held());
    await this.#lease.end();
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
      void this.#lease.renew(this.#wantsNone());
      await this.#clock.sleep(LEASE_RENEW_MS, this.#stop.signal);
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
      if (this.#lease.refusedForMs > LEASE_REFUSED_MS_MAX)
        this.#fail(new Error('renewals of the lease are refused and nothing says why: the lease bucket was changed'));
      await this.#clock.sleep(LEASE_RENEW_MS, this.#stop.signal);
    }
  }

  async #watchAnew(): Promise<void> {
    this.#watch?.stop();
    this.#watch = null;
    this.#firstBeat = this.#lease.beat + 1;
    try {
      this.#watch = await this.#bucket.watch((entry) => this.#take(entry));
    } catch {
      // The broker is away; the loop comes by again.
    }
  }

  #take(entry: LeaseEntry): void {
    this.#table.take(entry, this.#clock.monotonicMs());
    if (entry.key === memberKey(this.#options.member)) this.#lease.told(decodeMember(entry.value), entry.revision);
  }

  async #moveUntilStopped(): Promise<void> {
    try {
      while (!this.#stop.signal.aborted && !this.#isLeaving) {
        if (this.#lease.isBroken) this.#joinAnew();
        const isInformed = this.#lease.isHeld && this.#table.echoBeat >= this.#firstBeat;
        const hasMoved = isInformed && (await this.#move());
        if (!hasMoved) await this.#clock.sleep(LEASE_LOOK_MS, this.#stop.signal);
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Others believe that this member is gone, and may have what it had. */
  #joinAnew(): void {
    const owned = this.#owner.owned();
    if (owned.length > 0)
      this.#log.warn(`this worker was silent for too long: others take its partitions ${owned.join(', ')} over`);
    this.#owner.drop(owned);
    this.#rest.leaseLost(this.#clock.monotonicMs());
    const { lengthMs } = this.#rest;
    if (lengthMs > 0)
      this.#log.warn(
        `this worker was silent again: it takes no partition for ${String(lengthMs / 1_000)} s. Has it too little processor? Fewer threads or more machines may be needed`,
      );
    this.#lease.rejoin();
  }

  /** While somebody else does. */
  #wantsNone(): boolean {
    return this.#isLeaving || (!this.#rest.isOver(this.#clock.monotonicMs()) && this.hasPeers());
  }

  /** A few partitions at a time: the others are read meanwhile. True where there may be more to move. */
  async #move(): Promise<boolean> {
    await this.#removeSilent();
    const { member } = this.#options;
    const isSteady = !this.#placeAnew();
    const share = this.#share;
    const holderOf = (partition: number): string | null => this.#table.leaseOf(partition).member;

    // Those who come together are seen one after the other: what was given away at the first would move again.
    const surplus = isSteady ? this.#owner.owned().filter((partition) => !share.has(partition)) : [];
    if (surplus.length > 0) await this.#handOver(surplus, LEASE_HEIR_MS_MAX);
    // Also what an earlier attempt left, whose answer was lost.
    const owned = new Set(this.#owner.owned());
    await this.#release(this.#held().filter((partition) => !share.has(partition) && !owned.has(partition)));
    const nowMs = this.#clock.monotonicMs();
    const missing = [...share].filter((partition) => !owned.has(partition));
    const free = missing.filter((partition) => {
      const holder = holderOf(partition);
      const isFree = holder === null || holder === member || this.#table.isGone(holder);
      return isFree && (this.#retryMs.get(partition) ?? -Infinity) <= nowMs;
    });
    if (free.length > 0) await this.#claim(free);
    if (this.#isSettled()) this.#settle();
    // What became free while others were loaded has waited long enough.
    const hasTaken = this.#owner.owned().length > owned.size;
    return hasTaken || surplus.length > LEASES_MOVED_AT_ONCE;
  }

  /**
   * A few of them, and waits until they are read again, or somebody comes or goes: then they may be another's, or our own.
   * False where they were not read within `heirMs`.
   */
  async #handOver(partitions: readonly number[], heirMs: number): Promise<boolean> {
    const some = this.#byHeir(partitions).slice(0, LEASES_MOVED_AT_ONCE);
    await this.#owner.handOver(some);
    await this.#release(some);
    const endMs = this.#clock.monotonicMs() + heirMs;
    const areRead = (): boolean => some.every((partition) => this.#table.leaseOf(partition).reads);
    while (!areRead() && this.isHeld && this.#crowdNow() === this.#crowd) {
      if (this.#clock.monotonicMs() >= endMs) return false;
      await this.#clock.sleep(LEASE_HEIR_LOOK_MS, this.#stop.signal);
    }
    return true;
  }

  /** All of one heir's after the other: who takes a few at once reads anew once, not once for each. */
  #byHeir(partitions: readonly number[]): number[] {
    const heirs = new Map(
      [...this.#placement.values()].flatMap((share, heir) => share.map((at) => [at, heir] as const)),
    );
    const heirOf = (partition: number): number => heirs.get(partition) ?? -1;
    return [...partitions].sort((a, b) => heirOf(a) - heirOf(b) || a - b);
  }

  #crowdNow(): string {
    return this.#table.placeable().join(' ');
  }

  /** True where somebody has come or gone: the partitions are shared anew. */
  #placeAnew(): boolean {
    const crowd = this.#crowdNow();
    if (crowd === this.#crowd) return false;
    this.#crowd = crowd;
    this.#placement = placePartitions(this.#options.partitions, this.#table.placeable());
    this.#share = new Set(this.#placement.get(this.#options.member));
    return true;
  }

  async #claim(partitions: readonly number[]): Promise<void> {
    const { member } = this.#options;
    const claim = { member, reads: false };
    const claimed = await Promise.all(partitions.map(async (partition) => await this.#swapLease(partition, claim)));
    const taken = partitions.filter((_, at) => claimed[at]);
    if (taken.length === 0) return;
    const untrusted = await this.#owner.take(taken);
    const retryMs = this.#clock.monotonicMs() + UNTRUSTED_RETRY_MS;
    for (const partition of untrusted) this.#retryMs.set(partition, retryMs);
    // Not those that stay out; nor those that somebody else has by now: that would be a claim.
    const read = new Set(this.#owner.owned());
    const still = taken.filter((one) => read.has(one) && this.#table.leaseOf(one).member === member);
    await Promise.all(still.map((partition) => this.#swapLease(partition, { member, reads: true })));
  }

  async #release(partitions: readonly number[]): Promise<void> {
    const held = partitions.filter((partition) => this.#table.leaseOf(partition).member === this.#options.member);
    await Promise.all(held.map((partition) => this.#swapLease(partition, RELEASED)));
  }

  #held(): number[] {
    const { member, partitions } = this.#options;
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    return all.filter((partition) => this.#table.leaseOf(partition).member === member);
  }

  /** True where this attempt was carried out, as far as we were told. */
  async #swapLease(partition: number, lease: LeaseValue): Promise<boolean> {
    const value = encodeLease(lease);
    try {
      const expected = this.#table.leaseOf(partition).revision;
      const revision = await this.#bucket.swap(leaseKey(partition), value, expected);
      this.#take({ key: leaseKey(partition), value, revision });
      return true;
    } catch (error) {
      // Carried out or not, the watch will tell: whoever holds the lease then may claim again.
      if (!(error instanceof WrongRevision))
        this.#log.debug(`lease of partition ${String(partition)}: ${explain(error)}`);
      return false;
    }
  }

  /** Where one has renewed its lease meanwhile, its key has another revision and stays. */
  async #removeSilent(): Promise<void> {
    const silent = this.#table.silent();
    await Promise.all(
      silent.map(({ name, revision }) => this.#bucket.remove(memberKey(name), revision).catch(() => undefined)),
    );
  }

  #isSettled(): boolean {
    const { partitions } = this.#options;
    for (let partition = 0; partition < partitions; partition++) {
      const { member } = this.#table.leaseOf(partition);
      if (member === null || this.#table.isGone(member)) return false;
    }
    return true;
  }
}
