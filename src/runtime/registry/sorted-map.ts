/**
 * A map whose keys can be walked in the order of their UTF-8 bytes, from any key on.
 *
 * Boundary: a data structure. Keys are sorted when they are walked after a change, not at every change: entries come in
 * bulk and are read in pages.
 */
import { compareUtf8 } from '../../model/series-order.ts';

export class SortedMap<Value> {
  readonly #values = new Map<string, Value>();
  #keys: string[] | null = null;

  get size(): number {
    return this.#values.size;
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  set(key: string, value: Value): void {
    if (!this.#values.has(key)) this.#keys = null;
    this.#values.set(key, value);
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#keys = null;
  }

  /** @param from the first key that may come; undefined: all. */
  *entries(from?: string): Generator<[key: string, value: Value]> {
    this.#keys ??= [...this.#values.keys()].sort(compareUtf8);
    const keys = this.#keys;
    for (let at = from === undefined ? 0 : firstAtOrAfter(keys, from); at < keys.length; at++) {
      const key = keys[at] ?? '';
      const value = this.#values.get(key);
      if (value !== undefined) yield [key, value];
    }
  }
}

function firstAtOrAfter(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(keys[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
