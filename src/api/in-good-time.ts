/**
 * What is kept for some time and asked for all the time: read anew before it is too old, while it is given again, so that nobody waits.
 *
 * Boundary: options for the fetch of an `LRUCache`; what is read and how long it is kept, the cache knows.
 */
import type { LRUCache } from 'lru-cache';

/** Of its age: in this last part it is read anew. */
const AGEING_PART = 0.25;

export interface FetchOptions {
  readonly allowStale: boolean;
  readonly forceRefresh: boolean;
}

/** @param leftMs for which it may still be given again; not above 0: it must be read. @param ageMsMax of which that is the rest. */
export function inGoodTime(leftMs: number, ageMsMax: number): FetchOptions {
  return { allowStale: leftMs > 0, forceRefresh: leftMs < ageMsMax * AGEING_PART };
}

/** Of what a cache keeps by its own clock. @param ageMsMaxOf how long a value is kept. */
export function inGoodTimeOf<Key extends string | number, Value extends object, Context>(
  kept: LRUCache<Key, Value, Context>,
  key: Key,
  ageMsMaxOf: (value: Value) => number,
): FetchOptions {
  const known = kept.peek(key);
  if (known === undefined) return { allowStale: false, forceRefresh: false };
  return inGoodTime(kept.getRemainingTTL(key), ageMsMaxOf(known));
}
