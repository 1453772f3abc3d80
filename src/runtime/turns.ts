/**
 * Whose turn it is, where not everybody's work fits into one tick. Boundary: an order; what is done, the host knows.
 */

/** Partitions one after the other; the next round begins with the one at which the last was broken off. */
export class Turns<T extends { readonly partition: number }> {
  #next = 0;

  /** All of them. Breaking the loop off at one leaves it for the next round. */
  *of(all: Iterable<T>): Generator<T> {
    const list = [...all];
    const first = Math.max(
      0,
      list.findIndex(({ partition }) => partition === this.#next),
    );
    for (const one of [...list.slice(first), ...list.slice(0, first)]) {
      this.#next = one.partition;
      yield one;
    }
  }
}
