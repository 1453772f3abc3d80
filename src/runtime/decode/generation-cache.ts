/**
 * A bounded cache in two generations: what has not been asked for during a whole generation is forgotten.
 *
 * Job: least-recently-used, nearly, at the cost of one Map lookup a hit. Boundary: pure memory.
 * Invariant 13: at most `entriesMax` entries and `weightMax` of weight (plus one entry) are held; at least the half
 * that was used last stays.
 */
export class GenerationCache<V> {
  readonly #entriesPerGeneration: number;
  readonly #weightPerGeneration: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();
  #youngWeight = 0;
  readonly #weightOf: (value: V) => number;

  constructor(limits: { entriesMax: number; weightMax?: number }, weightOf: (value: V) => number = () => 0) {
    this.#entriesPerGeneration = Math.max(1, Math.floor(limits.entriesMax / 2));
    this.#weightPerGeneration = (limits.weightMax ?? Infinity) / 2;
    this.#weightOf = weightOf;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined || this.#old.size === 0) return young;
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.set(key, old);
    }
    return old;
  }

  /** Adds or replaces. A value that has grown since is weighed again by {@link reweigh}. */
  set(key: string, value: V): void {
    this.#old.delete(key);
    const replaced = this.#young.get(key);
    if (replaced !== undefined) this.#youngWeight -= this.#weightOf(replaced);
    this.#young.set(key, value);
    this.reweigh(this.#weightOf(value));
  }

  /** A value in use, got by {@link get} since the last call of this or {@link set}, has changed its weight by `change`. */
  reweigh(change: number): void {
    this.#youngWeight += change;
    if (this.#young.size < this.#entriesPerGeneration && this.#youngWeight < this.#weightPerGeneration) return;
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngWeight = 0;
  }
}
