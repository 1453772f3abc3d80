import { describe, expect, it } from 'vitest';
import { LEASE_MS } from '../../model/limits.ts';
import { encodeLease, encodeMember, leaseKey, LeaseTable, memberKey } from './lease-table.ts';

const STEP_MS = 500;

/** `me` hears its own renewals; others speak when they are told to. */
function observer() {
  const table = new LeaseTable('me', 'run');
  let nowMs = 0;
  let revision = 0;
  const hear = (name: string, leaving = false, run = 'run'): void =>
    table.take(
      { key: memberKey(name), value: encodeMember({ run, beat: revision, leaving }), revision: ++revision },
      nowMs,
    );
  const pass = (ms: number, isDeaf = false): void => {
    for (const end = nowMs + ms; nowMs < end;) {
      nowMs += STEP_MS;
      if (!isDeaf) hear('me');
    }
    if (isDeaf) hear('me');
  };
  const claim = (partition: number, name: string | null): void =>
    table.take(
      { key: leaseKey(partition), value: encodeLease({ member: name, reads: false }), revision: ++revision },
      nowMs,
    );
  const remove = (name: string): void => table.take({ key: memberKey(name), value: null, revision: ++revision }, nowMs);
  return { table, hear, pass, claim, remove };
}

describe('what a member knows of the others (invariant 9)', () => {
  it('one is silent after LEASE_MS without a word, and still holds what it had', () => {
    const { table, hear, pass } = observer();
    hear('me');
    hear('other');
    pass(LEASE_MS - STEP_MS);
    expect(table.placeable()).toEqual(['me', 'other']);
    pass(STEP_MS);
    expect(table.placeable()).toEqual(['me']);
    expect(table.silent()).toEqual([{ name: 'other', revision: 2 }]);
    expect(table.isGone('other')).toBe(false);
  });

  it('one is gone when its key was removed', () => {
    const { table, hear, pass, remove } = observer();
    hear('other');
    pass(STEP_MS);
    remove('other');
    expect(table.isGone('other')).toBe(true);
    expect(table.silent()).toEqual([]);
  });

  it('time does not count in which the observer heard nothing of itself', () => {
    const { table, hear, pass } = observer();
    hear('me');
    hear('other');
    pass(LEASE_MS * 3, true);
    expect(table.silent()).toEqual([]);
    pass(LEASE_MS);
    expect(table.silent()).toHaveLength(1);
  });

  it('a holder who was not heard of yet is not gone before LEASE_MS', () => {
    const { table, pass, claim, hear } = observer();
    hear('me');
    claim(3, 'unknown');
    pass(LEASE_MS - STEP_MS);
    expect(table.isGone('unknown')).toBe(false);
    pass(STEP_MS);
    expect(table.isGone('unknown')).toBe(true);
  });

  it('nothing is placed on one who leaves', () => {
    const { table, hear } = observer();
    hear('other', true);
    expect(table.placeable()).toEqual([]);
  });

  it('an older entry never replaces a newer one', () => {
    const { table } = observer();
    table.take({ key: leaseKey(1), value: encodeLease({ member: 'new', reads: true }), revision: 9 }, 0);
    table.take({ key: leaseKey(1), value: encodeLease({ member: 'old', reads: true }), revision: 8 }, 0);
    expect(table.leaseOf(1)).toEqual({ member: 'new', reads: true, revision: 9 });
  });
});
