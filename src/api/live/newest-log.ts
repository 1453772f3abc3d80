/**
 * The newest state of each key, in the order of change.
 *
 * Job: lets any number of readers follow at their own pace with nothing but a version each. A state that has been
 * replaced is gone for all of them: whoever is slow gets the newest, never a queue. Boundary: memory only.
 * Invariant: what comes after a version is every key that has changed since, once, in the order of versions.
 */
export interface Versioned {
  readonly key: string;
  readonly version: number;
}

/** Replaced states that may lie in the log beside as many current ones. */
const SLACK = 64;

export class NewestLog<State extends Versioned> {
  readonly #states = new Map<string, State>();
  /** By version; holds replaced states until it is cleaned up. */
  #log: State[] = [];
  #version = 0;

  /** Version of the last state that was put in. */
  get version(): number {
    return this.#version;
  }

  /** Keys. */
  get size(): number {
    return this.#states.size;
  }

  get(key: string): State | undefined {
    return this.#states.get(key);
  }

  /** @param make is given the state's version. */
  put(make: (version: number) => State): void {
    this.#version += 1;
    const state = make(this.#version);
    this.#states.set(state.key, state);
    this.#log.push(state);
    if (this.#log.length > 2 * this.#states.size + SLACK) this.#log = this.#log.filter((one) => this.#isCurrent(one));
  }

  deleteWhere(isGone: (state: State) => boolean): void {
    for (const state of this.#states.values()) if (isGone(state)) this.#states.delete(state.key);
  }

  /** States newer than a version, oldest change first. */
  *after(version: number): Generator<State> {
    for (let at = this.#firstAfter(version); at < this.#log.length; at++) {
      const state = this.#log[at];
      if (state !== undefined && this.#isCurrent(state)) yield state;
    }
  }

  #isCurrent(state: State): boolean {
    return this.#states.get(state.key) === state;
  }

  #firstAfter(version: number): number {
    let low = 0;
    let high = this.#log.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#log[middle]?.version ?? Infinity) > version) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
