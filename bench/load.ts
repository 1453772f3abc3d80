/**
 * Open-loop load on the API, from a process of its own. Boundary: starts it and gives what it measured.
 *
 * Of our own, since the packages that are well kept (autocannon, loadtest) send a connection's next request when the one
 * before was answered, or count a latency from the sending: a slow answer then hides the requests that it delayed.
 */
import { askChild } from './processes.ts';

export interface LoadPlan {
  readonly url: string;
  readonly key: string;
  /** One a request, in order. */
  readonly paths: readonly string[];
  readonly perSecond: number;
}

export interface LoadResult {
  /** One a request, in their order, from its due time. */
  readonly latenciesMs: readonly number[];
  /** Requests by HTTP status, or `broken`, `no answer`. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests without their answer at one time, at most. */
  readonly underWayMost: number;
  readonly bytes: number;
}

export function loadOpenLoop(plan: LoadPlan): Promise<LoadResult> {
  return askChild('load-process', plan);
}

/** Any one of the keys as likely as the other. */
export function uniformly(keys: number, random: () => number): () => number {
  return () => Math.floor(random() * keys);
}

/** Zipf's law: key k (from 0) is asked for in proportion to 1 / (k + 1). */
export function byZipf(keys: number, random: () => number): () => number {
  const cumulated = new Float64Array(keys);
  let sum = 0;
  for (let at = 0; at < keys; at++) cumulated[at] = sum += 1 / (at + 1);
  return () => {
    const wanted = random() * sum;
    let [low, high] = [0, keys - 1];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((cumulated[middle] ?? 0) > wanted) high = middle;
      else low = middle + 1;
    }
    return low;
  };
}
