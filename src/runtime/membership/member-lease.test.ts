import { describe, expect, it } from 'vitest';
import { LEASE_STOP_MS } from '../../model/limits.ts';
import { WrongRevision } from '../checkpoint-bucket.ts';
import type { LeaseBucket } from './lease-bucket.ts';
import { MemberLease } from './member-lease.ts';

/** One key, and a broker that may not answer. */
function world() {
  const state = { nowMs: 0, revision: 10, current: 0, isMute: false, loses: false };
  const swap = (expected: number): Promise<number> => {
    if (state.isMute) return Promise.reject(new Error('timeout'));
    if (state.current !== expected) return Promise.reject(new WrongRevision('member.a'));
    state.current = ++state.revision;
    return state.loses ? Promise.reject(new Error('timeout')) : Promise.resolve(state.current);
  };
  const bucket: LeaseBucket = {
    swap: (_key, _value, expected) => swap(expected),
    remove: async (_key, expected) => {
      await swap(expected);
      state.current = 0;
    },
    watch: () => Promise.resolve({ stop: () => undefined }),
  };
  const clock = { nowMs: () => 0, monotonicMs: () => state.nowMs, sleep: () => Promise.resolve() };
  const lease = new MemberLease(bucket, clock, { member: 'a', run: 'run-1' });
  /** Others remove the key, and the watch tells. */
  const removed = (): void => {
    state.current = 0;
    lease.told(null, ++state.revision);
  };
  return { state, lease, removed };
}

describe('a member’s lease (invariant 9)', () => {
  it('is held from the moment the renewal was sent, and no longer than LEASE_STOP_MS', async () => {
    const { state, lease } = world();
    expect(lease.isHeld).toBe(false);
    const answered = lease.renew(false);
    state.nowMs = 900;
    await answered;
    state.nowMs = LEASE_STOP_MS - 1;
    expect(lease.isHeld).toBe(true);
    state.nowMs = LEASE_STOP_MS;
    expect(lease.isHeld).toBe(false);
  });

  it('is not held by renewals that nobody answered', async () => {
    const { state, lease } = world();
    state.isMute = true;
    await lease.renew(false);
    expect(lease.isHeld).toBe(false);
  });

  it('goes on where the answer was lost and the watch tells of the renewal', async () => {
    const { state, lease } = world();
    state.loses = true;
    await lease.renew(false);
    expect(lease.isHeld).toBe(false);
    state.loses = false;
    lease.told({ run: 'run-1', beat: 1, leaving: false }, state.revision);
    expect(lease.isHeld).toBe(true);
    await lease.renew(false);
    expect(lease.refusedForMs).toBe(0);
  });

  it('is broken by a removal, at once, and joins again only when it is told to', async () => {
    const { lease, removed } = world();
    await lease.renew(false);
    removed();
    expect(lease).toMatchObject({ isHeld: false, isBroken: true });
    await lease.renew(false);
    expect(lease.isHeld).toBe(false);
    lease.rejoin();
    await lease.renew(false);
    expect(lease).toMatchObject({ isHeld: true, isBroken: false });
  });

  it('is broken by another run of its name', async () => {
    const { lease } = world();
    await lease.renew(false);
    lease.told({ run: 'run-2', beat: 1, leaving: false }, 99);
    expect(lease).toMatchObject({ isHeld: false, isBroken: true });
  });

  it('does not take an old renewal, carried out after a removal that it never heard of, for its own chain', async () => {
    const { lease } = world();
    await lease.renew(false);
    await lease.renew(false);
    lease.told({ run: 'run-1', beat: 1, leaving: false }, 99);
    expect(lease.isBroken).toBe(true);
  });

  it('is never renewed past a removal that it has not heard of', async () => {
    const { state, lease } = world();
    await lease.renew(false);
    state.current = 0;
    state.revision += 1;
    state.nowMs = LEASE_STOP_MS;
    await lease.renew(false);
    expect(lease.isHeld).toBe(false);
    state.nowMs += 500;
    expect(lease.refusedForMs).toBe(500);
  });

  it('takes over from a former run of its name', async () => {
    const { state, lease } = world();
    state.current = 10;
    lease.told({ run: 'run-0', beat: 77, leaving: false }, 10);
    await lease.renew(false);
    expect(lease.isHeld).toBe(true);
  });
});
