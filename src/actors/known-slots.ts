/**
 * Slots of names that never change: looked up once, then found by the row.
 *
 * Job: remembers a slot a row, for each {@link NameColumns} that is `stable`; where the slots follow each other, as those
 * of a source's sensors do that were first seen together, only the first is kept: 4 bytes a series less. Boundary: pure memory;
 * whoever makes slots anew forgets these.
 */
import { FRAME_READINGS_MAX } from '../model/limits.ts';
import type { NameColumns } from '../model/reading.ts';

/** The slot of row `i` is `base + rows[i]`; below 0: not known yet. */
export interface Slots {
  base: number;
  rows: Int32Array;
  /** Rows not known yet. */
  unknown: number;
}

/** 0, 1, 2, …: of all that follow each other. Never written to. */
const counting = Int32Array.from({ length: FRAME_READINGS_MAX }, (_, row) => row);
const scratch: Slots = { base: 0, rows: new Int32Array(1024), unknown: 0 };

export class KnownSlots {
  #known = new WeakMap<object, Slots>();

  /** @param rows as many as are asked for, where the names are not stable. */
  of(names: NameColumns, rows: number): Slots {
    if (!names.stable) return freshSlots(rows);
    let slots = this.#known.get(names);
    if (slots === undefined) {
      const { length } = names.metricOf;
      slots = { base: 0, rows: new Int32Array(length).fill(-1), unknown: length };
      this.#known.set(names, slots);
    }
    return slots;
  }

  forgetAll(): void {
    this.#known = new WeakMap();
  }
}

/** The row's slot was looked up. True where it was the last and all rows' slots follow each other: the first is `slots.base`. */
export function learn(slots: Slots, row: number, slot: number): boolean {
  const { rows } = slots;
  rows[row] = slot;
  slots.unknown -= 1;
  if (slots.unknown !== 0) return false;
  const base = rows[0]!;
  for (let i = 1; i < rows.length; i++) if (rows[i] !== base + i) return false;
  slots.base = base;
  slots.rows = counting;
  return true;
}

/** Slots for names that do not last: reused memory, all unknown. */
function freshSlots(rows: number): Slots {
  if (scratch.rows.length < rows) scratch.rows = new Int32Array(rows * 2);
  // A call of fill takes longer than the few rows of most messages.
  const into = scratch.rows;
  for (let row = 0; row < rows; row++) into[row] = -1;
  // They are not remembered: none of them is the last.
  scratch.unknown = -1;
  return scratch;
}
