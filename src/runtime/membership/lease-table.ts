/**
 * What a member knows of the others: who lives, who holds which partition.
 *
 * Job: takes the entries of the bucket as they come and says of each member whether its lease has expired.
 * Boundary: memory and the observer's monotonic clock; no other clock is ever compared (invariant 9). A lease has
 * expired when its member has written nothing for LEASE_MS while the observer heard its own writes all the time: after
 * a silence of its own (frozen, cut off, a broker that was away) everybody's time begins anew.
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
/** The member that holds the partition; null where it was released. */
const leaseSchema = z.object({ member: z.string().nullable() });

interface Member extends MemberValue {
  readonly revision: number;
  /** Monotonic ms of the observer. */
  readonly heardMs: number;
}

export interface Lease {
  readonly member: string | null;
  /** What a swap must expect; 0 where the partition never had a lease. */
  readonly revision: number;
}

const NO_LEASE: Lease = { member: null, revision: 0 };

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
    if (key.startsWith(MEMBER)) this.#takeMember(key.slice(MEMBER.length), value, revision, nowMs);
    else if (key.startsWith(LEASE)) this.#takeLease(Number(key.slice(LEASE.length)), value, revision);
  }

  leaseOf(partition: number): Lease {
    return this.#leases.get(partition) ?? NO_LEASE;
  }

  /** Members that partitions may be placed on. */
  placeable(): string[] {
    return [...this.#members].filter(([name, { leaving }]) => !leaving && !this.hasExpired(name)).map(([name]) => name);
  }

  /** True where nobody of that name renews a lease. */
  hasExpired(name: string): boolean {
    if (name === this.#me) return false;
    const member = this.#members.get(name);
    return member === undefined || this.#echoMs - member.heardMs >= LEASE_MS;
  }

  /** Members whose lease has expired and who hold no partition any more: their key may be removed. */
  forgotten(): string[] {
    const holders = new Set([...this.#leases.values()].map(({ member }) => member));
    return [...this.#members.keys()].filter((name) => this.hasExpired(name) && !holders.has(name));
  }

  #takeMember(name: string, value: Uint8Array | null, revision: number, nowMs: number): void {
    const known = this.#members.get(name);
    if (known !== undefined && known.revision >= revision) return;
    const member = value === null ? null : memberSchema.parse(JSON.parse(utf8.decode(value)));
    if (member === null) this.#members.delete(name);
    else this.#members.set(name, { ...member, revision, heardMs: nowMs });
    if (name === this.#me && member?.run === this.#run) this.#echo(member.beat, nowMs);
  }

  #echo(beat: number, nowMs: number): void {
    if (nowMs - this.#echoMs > LEASE_ECHO_MS_MAX)
      for (const [name, member] of this.#members) this.#members.set(name, { ...member, heardMs: nowMs });
    this.#echoMs = nowMs;
    this.#echoBeat = beat;
  }

  #takeLease(partition: number, value: Uint8Array | null, revision: number): void {
    if (this.leaseOf(partition).revision >= revision) return;
    const { member } = value === null ? { member: null } : leaseSchema.parse(JSON.parse(utf8.decode(value)));
    this.#leases.set(partition, { member, revision });
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

export function encodeLease(member: string | null): Uint8Array {
  return utf8Encoder.encode(JSON.stringify({ member }));
}

const utf8 = new TextDecoder();
const utf8Encoder = new TextEncoder();
