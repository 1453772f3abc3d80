/**
 * Compacted figures as they are kept: numbers side by side in one array, outside of what the garbage collector walks through.
 *
 * Why: half a million rows as objects are four million things for each of its rounds; as numbers they are one.
 * Boundary: the same rows out as in, in their order.
 */
import type { CompactedColumns, CompactedFigures, Span } from './queries/compacted.ts';

/** The numbers of a row, in this order; `sum` is NaN where there is none. */
const NUMBERS = ['begins', 'blocks', 'count', 'sum', 'min', 'max', 'sensors', 'revision', 'sensorHours'] as const;
const WIDTH = NUMBERS.length;

export class PackedFigures {
  readonly #numbers: Float64Array;
  /** Of each row; one where it is the same in all. */
  readonly #cities: readonly string[];
  readonly #districts: readonly (string | null)[];
  readonly #kinds: readonly string[];

  /** Of the rows that begin in the span. @param among these rows of the columns; absent: all. */
  constructor(columns: CompactedColumns, { from, to }: Span, among: Iterable<number> = columns.begins.keys()) {
    const rows: number[] = [];
    for (const row of among) {
      const begins = columns.begins[row] ?? NaN;
      if (begins >= from && begins < to) rows.push(row);
    }
    this.#numbers = new Float64Array(rows.length * WIDTH);
    for (const [place, name] of NUMBERS.entries()) {
      const column = columns[name];
      for (const [at, row] of rows.entries()) this.#numbers[at * WIDTH + place] = column[row] ?? NaN;
    }
    this.#cities = textsOf(columns.city, rows);
    this.#districts = textsOf(columns.district, rows);
    this.#kinds = textsOf(columns.kind, rows);
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

/** Of these rows; once where it is the same in all. Equal texts are one, since they are kept. */
function textsOf<Text extends string | null>(column: readonly Text[], rows: readonly number[]): readonly Text[] {
  if (column.length <= 1) return column;
  const known = new Map<Text, Text>();
  const texts = rows.map((row) => {
    const text = column[row] as Text;
    const same = known.get(text);
    if (same === undefined) known.set(text, text);
    return same ?? text;
  });
  return known.size === 1 ? texts.slice(0, 1) : texts;
}
