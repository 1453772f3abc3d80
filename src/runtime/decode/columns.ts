/**
 * The columns a decoder fills, row by row of the message, and the batch they become.
 *
 * Job: keep one set of arrays per decoder, grown as needed; note which rows cannot be used and why; close the gaps.
 * Boundary: no format knows of another; each writes `value[row]` and `timeMs[row]` and calls {@link Columns.reject}.
 * Invariants: one bad reading spoils no other; a row is usable, rejected for one reason, or no reading at all;
 * a row with several faults has the one the contract lists first, because {@link Columns.reject} is called in
 * that order (malformed, not-numeric, not-finite, bad-name) and the first call counts.
 */
import type { NameColumns, ReadingBatch, RejectedReadings, RejectReason } from '../../model/reading.ts';

/** Why a decoder rejects a single reading. The actor knows more reasons. */
export type ReadingFault = Extract<RejectReason, 'malformed' | 'not-numeric' | 'not-finite' | 'bad-name'>;

const FIRST_CAPACITY = 1024;
const USABLE = 0;
const NOTHING = 1;
const REJECTED = 2;

const NO_NAMES: NameColumns = {
  stable: true,
  sensorBytes: new Uint8Array(),
  sensorStart: new Uint32Array(),
  sensorEnd: new Uint32Array(),
  metricOf: new Uint32Array(),
  metrics: [],
};

export class Columns {
  value = new Float64Array(FIRST_CAPACITY);
  timeMs = new Float64Array(FIRST_CAPACITY);
  /** The bytes of `value`, for values that are copied as they are. */
  valueBytes = new Uint8Array(this.value.buffer);
  #state = new Uint8Array(FIRST_CAPACITY);
  #packed = new Uint32Array(FIRST_CAPACITY);
  /** 0, 1, 2, ...: the index column where every row is usable. */
  #everyRow = countingUp(FIRST_CAPACITY);
  #rows = 0;
  #allUsable = true;
  #rejects: RejectedReadings[] = [];
  readonly #batch: ReadingBatch = {
    count: 0,
    index: this.#everyRow,
    timeMs: this.timeMs,
    value: this.value,
    names: NO_NAMES,
    rejects: [],
  };

  /** Starts a message of `rows` rows, all of them usable so far. */
  begin(rows: number): void {
    if (rows > this.value.length) this.#grow(rows);
    if (!this.#allUsable) this.#state.fill(USABLE, 0, Math.max(rows, this.#rows));
    this.#rows = rows;
    this.#allUsable = true;
    if (this.#rejects.length > 0) this.#rejects = [];
  }

  isRejected(row: number): boolean {
    return this.#state[row] === REJECTED;
  }

  /** `detail` is kept of the first row with this reason. Rows of one reason come in ascending order. */
  reject(row: number, reason: ReadingFault, detail: string): void {
    if (this.#state[row] === REJECTED) return;
    this.#state[row] = REJECTED;
    this.#allUsable = false;
    for (const reject of this.#rejects) {
      if (reject.reason === reason) {
        reject.indexes.push(row);
        return;
      }
    }
    this.#rejects.push({ reason, detail, indexes: [row] });
  }

  /** The row is neither a reading nor an error. */
  skip(row: number): void {
    this.#state[row] = NOTHING;
    this.#allUsable = false;
  }

  /** The batch of all rows; valid until the next {@link begin}. */
  finish(names: NameColumns): ReadingBatch {
    const batch = this.#batch;
    batch.names = names;
    batch.timeMs = this.timeMs;
    batch.value = this.value;
    batch.rejects = this.#rejects;
    if (this.#allUsable) {
      batch.index = this.#everyRow;
      batch.count = this.#rows;
    } else {
      batch.index = this.#packed;
      batch.count = this.#closeGaps();
    }
    return batch;
  }

  #closeGaps(): number {
    const { value, timeMs } = this;
    let count = 0;
    for (let row = 0; row < this.#rows; row++) {
      if (this.#state[row] !== USABLE) continue;
      value[count] = value[row]!;
      timeMs[count] = timeMs[row]!;
      this.#packed[count] = row;
      count += 1;
    }
    return count;
  }

  #grow(rows: number): void {
    const capacity = Math.max(rows, this.value.length * 2);
    this.value = new Float64Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.valueBytes = new Uint8Array(this.value.buffer);
    this.#state = new Uint8Array(capacity);
    this.#packed = new Uint32Array(capacity);
    this.#everyRow = countingUp(capacity);
  }
}

function countingUp(length: number): Uint32Array<ArrayBuffer> {
  const column = new Uint32Array(length);
  for (let i = 0; i < length; i++) column[i] = i;
  return column;
}
