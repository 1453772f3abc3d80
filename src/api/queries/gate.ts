/**
 * So many at a time, the others in their order.
 *
 * Why: a database that is asked everything at once answers everything late, and the workers' rows last of all. Boundary: counts who is
 * within; what they do is theirs.
 */
export class Gate {
  readonly #placesMax: number;
  readonly #waiting: (() => void)[] = [];
  #within = 0;

  constructor(placesMax: number) {
    this.#placesMax = placesMax;
  }

  /** Calls `go` when there is a place, never at once: who comes in the same turn of the loop goes along. Whoever goes, leaves. */
  enter(go: () => void): void {
    if (this.#within === this.#placesMax) {
      this.#waiting.push(go);
      return;
    }
    this.#within++;
    setImmediate(go);
  }

  /** Leaves when the work has ended, however it ends. */
  async leaveAfter<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#within--;
      else next();
    }
  }

  /** Begins the work when there is a place. */
  async pass<Result>(work: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((go) => this.enter(go));
    return this.leaveAfter(work());
  }
}
