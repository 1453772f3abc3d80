/**
 * Many things to do, so many at a time. Boundary: the order of calls; what each call does is its own.
 */

/** The next ones begin when all of those before are done. @throws what the first call that fails throws; no more are begun then. */
export async function fewAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  action: (item: T) => Promise<unknown>,
): Promise<void> {
  for (let first = 0; first < items.length; first += atOnce)
    await Promise.all(items.slice(first, first + atOnce).map((item) => action(item)));
}
