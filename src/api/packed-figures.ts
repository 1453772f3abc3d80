/**
 * Compacted figures as they are kept: numbers side by side in one array, outside of what the garbage collector walks through.
 *
 * Why: half a million rows as objects are four million things for each of its rounds; as numbers they are one.
 * Boundary: the same rows out as in, in their order.
 */
import type { CompactedFigures, Span } from './queries/compacted.ts';

/** The numbers of a row, in this order; `sum` is NaN where there is none. */
const WIDTH = 9;

export class PackedFigures {
  readonly #numbers: Float64Array;
  /** Of each row; one where it is the same in all. */
  readonly #cities: readonly string[];
  readonly #districts: readonly (string | null)[];
  readonly #kinds: readonly string[];

  constructor(rows: readonly CompactedFigures[]) {
    this.#numbers = new Float64Array(rows.length * WIDTH);
    for (const [at, { begins, blocks, count, sum, min, max, sensors, revision, sensorHours }] of rows.entries())
      this.#numbers.set([begins, blocks, count, sum ?? NaN, min, max, sensors, revision, sensorHours], at * WIDTH);
    this.#cities = oneWhereSame(rows.map(({ city }) => city));
    this.#districts = oneWhereSame(rows.map(({ district }) => district));
    this.#kinds = oneWhereSame(rows.map(({ kind }) => kind));
  }

  /** Of rows. */
  get size(): number {
    return this.#numbers.length / WIDTH;
  }

  /** Those that begin in the span, and in none of the others. */
  rowsIn({ from, to }: Span, without: readonly Span[]): CompactedFigures[] {
    const rows: CompactedFigures[] = [];
    const numbers = this.#numbers;
    for (let at = 0; at < this.size; at++) {
      const start = at * WIDTH;
      const begins = numbers[start] ?? NaN;
      if (begins < from || begins >= to || without.some((span) => begins >= span.from && begins < span.to)) continue;
      const sum = numbers[start + 3] ?? NaN;
      rows.push({
        city: this.#cities[at] ?? this.#cities[0] ?? '',
        district: this.#districts.length === 1 ? (this.#districts[0] ?? null) : (this.#districts[at] ?? null),
        kind: this.#kinds[at] ?? this.#kinds[0] ?? '',
        begins,
        blocks: numbers[start + 1] ?? NaN,
        count: numbers[start + 2] ?? NaN,
        sum: Number.isNaN(sum) ? null : sum,
        min: numbers[start + 4] ?? NaN,
        max: numbers[start + 5] ?? NaN,
        sensors: numbers[start + 6] ?? NaN,
        revision: numbers[start + 7] ?? NaN,
        sensorHours: numbers[start + 8] ?? NaN,
      });
    }
    return rows;
  }
}

function oneWhereSame<Value>(values: readonly Value[]): readonly Value[] {
  const [first] = values;
  return values.every((value) => value === first) ? values.slice(0, 1) : values;
}
