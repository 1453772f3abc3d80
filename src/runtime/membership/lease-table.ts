/**
 * What a member knows of all members: who lives, who holds which partition.
 *
 * Job: takes the entries of the bucket as they come and says who has been silent too long, and who is gone.
 * Boundary: memory and the observer's monotonic clock; no other clock is ever compared (invariant 9). A member is silent
 * when it has written nothing for LEASE_MS while the observer heard its own writes all the time: after a silence of its
 * own (frozen, cut off, a broker that was away) everybody's time begins anew.
 */
import { z } from 'zod';
import { LEASE_ECHO_MS_MAX, LEASE_MS } from '../../model/limits.ts';
import type { LeaseEntry } from './lease-bucket.ts';

const MEMBER = 'member.';
const LEASE = 'lease.';

const memberSchema = z.object({
  /** Differs from run to run of a member of that name. */
  run: z.string(),
  beat: z.number().int(),
  /** It hands its partitions over and wants none. */
  leaving: z.boolean(),
});
export type MemberValue = z.infer<typeof memberSchema>;
const leaseSchema = z.object({
  /** Who holds the partition; null where it was released. */
  member: z.string().nullable(),
  /** It has loaded the partition and reads it. One that does not say so is not waited for. */
  reads: z.boolean().default(true),
});
export type LeaseValue = z.infer<typeof leaseSchema>;

interface Member {
  /** Null: its key was removed, or has not been seen yet. */
  readonly value: MemberValue | null;
  /** 0 where the key has not been seen. */
  readonly revision: number;
  /** Monotonic ms of the observer. */
  readonly heardMs: number;
}

export interface Lease extends Readonly<LeaseValue> {
  /** What a swap must expect; 0 where the partition never had a lease. */
  readonly revision: number;
}

export const RELEASED: Readonly<LeaseValue> = { member: null, reads: false };
const NO_LEASE: Lease = { ...RELEASED, revision: 0 };

export class LeaseTable {
  readonly #me: string;
  readonly #run: string;
  readonly #members = new Map<string, Member>();
  readonly #leases = new Map<number, Lease>();
  #echoMs = -Infinity;
  #echoBeat = -1;

  constructor(me: string, run: string) {
    this.#me = me;
    this.#run = run;
  }

  /** The newest of this member's own writes that has come back. -1: none yet. */
  get echoBeat(): number {
    return this.#echoBeat;
  }

  take({ key, value, revision }: LeaseEntry, nowMs: number): void {
    if (key.startsWith(MEMBER)) this.#takeMember(key.slice(MEMBER.length), decodeMember(value), revision, nowMs);
    else if (key.startsWith(LEASE)) this.#takeLease(Number(key.slice(LEASE.length)), value, revision, nowMs);
  }

  leaseOf(partition: number): Lease {
    return this.#leases.get(partition) ?? NO_LEASE;
  }

  /** Members that partitions may be placed on. */
  placeable(): string[] {
    const live = [...this.#members].filter(([name, { value }]) => value?.leaving === false && !this.#isSilent(name));
    return live.map(([name]) => name);
  }

  /** Members that no one hears any more, and the revision at which their keys may be removed. */
  silent(): { name: string; revision: number }[] {
    const silent = [...this.#members].filter(([name, { value }]) => value !== null && this.#isSilent(name));
    return silent.map(([name, { revision }]) => ({ name, revision }));
  }

  /** True where nobody of that name holds a lease: its partitions are free. */
  isGone(name: string): boolean {
    const member = this.#members.get(name);
    if (name === this.#me || member === undefined || member.value !== null) return false;
    // One that was never seen may just not have been told of yet.
    return member.revision > 0 || this.#isSilent(name);
  }

  #isSilent(name: string): boolean {
    return name !== this.#me && this.#echoMs - (this.#members.get(name)?.heardMs ?? Infinity) >= LEASE_MS;
  }

  #takeMember(name: string, value: MemberValue | null, revision: number, nowMs: number): void {
    if ((this.#members.get(name)?.revision ?? 0) >= revision) return;
    this.#members.set(name, { value, revision, heardMs: nowMs });
    if (name === this.#me && value?.run === this.#run) this.#echo(value.beat, nowMs);
  }

  #echo(beat: number, nowMs: number): void {
    if (nowMs - this.#echoMs > LEASE_ECHO_MS_MAX)
      for (const [name, member] of this.#members) this.#members.set(name, { ...member, heardMs: nowMs });
    this.#echoMs = nowMs;
    this.#echoBeat = beat;
  }

  #takeLease(partition: number, bytes: Uint8Array | null, revision: number, nowMs: number): void {
    if (this.leaseOf(partition).revision >= revision) return;
    const value = bytes === null ? RELEASED : leaseSchema.parse(JSON.parse(utf8.decode(bytes)));
    const { member } = value;
    this.#leases.set(partition, { ...value, revision });
    if (member !== null && !this.#members.has(member))
      this.#members.set(member, { value: null, revision: 0, heardMs: nowMs });
  }
}

export function memberKey(name: string): string {
  return MEMBER + name;
}

export function leaseKey(partition: number): string {
  return LEASE + String(partition);
}

export function encodeMember(member: MemberValue): Uint8Array {
  return utf8Encoder.encode(JSON.stringify(member));
}

export function decodeMember(bytes: Uint8Array | null): MemberValue | null {
  return bytes === null ? null : memberSchema.parse(JSON.parse(utf8.decode(bytes)));
}

export function encodeLease(lease: LeaseValue): Uint8Array {
  return utf8Encoder.encode(JSON.stringify(lease));
}

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();
