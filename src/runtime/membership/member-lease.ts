/**
 * A member's own lease: one key that it renews, and that others remove once it has been silent for LEASE_MS.
 *
 * Job: keeps the chain of renewals, each a compare-and-swap on the one before, and knows whether the lease is held and
 * whether it was broken. Boundary: this member's key; partitions are the keeper's.
 * Invariant 9: held until LEASE_STOP_MS after the last renewal that was carried out was *sent*. Others remove the key at
 * the revision that they heard LEASE_MS ago, so of a renewal and a removal exactly one succeeds; after a removal this
 * member drops all that it has before it joins again.
 */
import type { Clock } from '../../model/clock.ts';
import { LEASE_STOP_MS } from '../../model/limits.ts';
import { WrongRevision } from '../checkpoint-bucket.ts';
import type { LeaseBucket } from './lease-bucket.ts';
import { encodeMember, memberKey, type MemberValue } from './lease-table.ts';

export interface MemberName {
  /** Unique among all that live; the same for a thread that is started again. */
  readonly member: string;
  /** Unique for every run. */
  readonly run: string;
}

export class MemberLease {
  readonly #bucket: LeaseBucket;
  readonly #clock: Clock;
  readonly #name: MemberName;
  /** When each renewal was sent that can still prolong the lease, by beat. */
  readonly #sentMs = new Map<number, number>();
  #beat = 0;
  #confirmedBeat = 0;
  /** The newest revision of the key that is known, and what a swap must expect: 0 where the key was removed. */
  #revision = 0;
  #expected = 0;
  #isJoined = false;
  #isBroken = false;
  #heldUntilMs = -Infinity;
  #refusedSinceMs: number | null = null;

  constructor(bucket: LeaseBucket, clock: Clock, name: MemberName) {
    this.#bucket = bucket;
    this.#clock = clock;
    this.#name = name;
  }

  get isHeld(): boolean {
    return !this.#isBroken && this.#clock.monotonicMs() < this.#heldUntilMs;
  }

  /** True where others have removed the key, or another run of this name has written it. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** The newest renewal that was sent. */
  get beat(): number {
    return this.#beat;
  }

  /** For how long every renewal was refused, ms; 0 where one was carried out since. */
  get refusedForMs(): number {
    return this.#refusedSinceMs === null ? 0 : this.#clock.monotonicMs() - this.#refusedSinceMs;
  }

  /** After everything was dropped: the next renewal joins anew. */
  rejoin(): void {
    this.#isBroken = false;
    this.#isJoined = false;
    this.#heldUntilMs = -Infinity;
  }

  /** One attempt. Where the answer is lost, {@link told} says whether it was carried out. */
  async renew(leaving: boolean): Promise<void> {
    if (this.#isBroken) return;
    this.#beat += 1;
    const beat = this.#beat;
    const { member, run } = this.#name;
    const nowMs = this.#clock.monotonicMs();
    for (const [sent, sentMs] of this.#sentMs) if (nowMs - sentMs >= LEASE_STOP_MS) this.#sentMs.delete(sent);
    this.#sentMs.set(beat, nowMs);
    try {
      const value = { run, beat, leaving };
      this.told(value, await this.#bucket.swap(memberKey(member), encodeMember(value), this.#expected));
    } catch (error) {
      // An earlier renewal was carried out, or the chain is broken: which, the watch will tell.
      if (error instanceof WrongRevision) this.#refusedSinceMs ??= this.#clock.monotonicMs();
    }
  }

  /** What the key holds now: null where it was removed. */
  told(value: MemberValue | null, revision: number): void {
    if (revision <= this.#revision) return;
    this.#revision = revision;
    this.#expected = value === null ? 0 : revision;
    // An old renewal that is carried out after the key was removed is no link of the chain.
    const isLink = value?.run === this.#name.run && value.beat > this.#confirmedBeat;
    if (isLink && !this.#isBroken) this.#confirm(value.beat);
    else if (this.#isJoined) this.#isBroken = true;
  }

  /** Where it does not succeed, the lease expires. */
  async end(): Promise<void> {
    if (this.#isJoined && !this.#isBroken)
      await this.#bucket.remove(memberKey(this.#name.member), this.#expected).catch(() => undefined);
  }

  #confirm(beat: number): void {
    this.#isJoined = true;
    this.#refusedSinceMs = null;
    this.#confirmedBeat = beat;
    this.#heldUntilMs = Math.max(this.#heldUntilMs, (this.#sentMs.get(beat) ?? -Infinity) + LEASE_STOP_MS);
    for (const sent of this.#sentMs.keys()) if (sent <= beat) this.#sentMs.delete(sent);
  }
}
