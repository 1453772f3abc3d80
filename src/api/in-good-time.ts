/**
 * What is kept for some time and asked for all the time: read anew before it is too old, while it is given again, so that nobody waits.
 *
 * Boundary: looks at one cache's entry; what is read and how long it is kept, the cache knows.
 */
import type { LRUCache } from 'lru-cache';

/** Of its age: in this last part it is read anew. */
const AGEING_PART = 0.25;

/** Options for the cache's fetch. @param ageMsMaxOf how long a value is kept. */
export function inGoodTime<Value extends object, Context>(
  kept: LRUCache<string, Value, Context>,
  key: string,
  ageMsMaxOf: (value: Value) => number,
): { allowStale: boolean; forceRefresh: boolean } {
  const known = kept.peek(key);
  const isAgeing = known !== undefined && kept.getRemainingTTL(key) < ageMsMaxOf(known) * AGEING_PART;
  return { allowStale: isAgeing, forceRefresh: isAgeing };
}
