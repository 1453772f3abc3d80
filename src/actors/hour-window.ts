/**
 * One hour's running aggregates, by series slot.
 *
 * Job: finds the page of a slot, counts what is in it. Boundary: memory comes from the {@link CellArena}; which
 * series a slot is, and when an hour ends, others know.
 */
import { type Cell, type CellArena, PAGE_CELLS } from './cell-arena.ts';

const NO_PAGE = -1;
const FIRST_PAGES = 4;

export class HourWindow {
  readonly hour: number;
  /** True where the hour had been closed before this window was opened: its rows are corrections. */
  readonly late: boolean;
  readonly #arena: CellArena;
  #pages: Int32Array = new Int32Array(FIRST_PAGES).fill(NO_PAGE);
  #readings = 0;
  #cells = 0;

  constructor(arena: CellArena, hour: number, late: boolean) {
    this.#arena = arena;
    this.hour = hour;
    this.late = late;
  }

  /** Readings in the window. */
  get readings(): number {
    return this.#readings;
  }

  /** Series with readings in the window. */
  get cells(): number {
    return this.#cells;
  }

  /** Returns the cell's new count. */
  add(slot: number, msIntoHour: number, value: number): number {
    const count = this.#arena.add(this.#pageOf(slot), slot, msIntoHour, value);
    this.#readings += 1;
    if (count === 1) this.#cells += 1;
    return count;
  }

  has(slot: number): boolean {
    const page = this.#pages[slot >>> 4];
    return page !== undefined && page !== NO_PAGE && this.#arena.countOf(page, slot) > 0;
  }

  /** Moves one cell from this window to another one, where its place must be empty. */
  moveCell(slot: number, to: HourWindow): void {
    const page = this.#pages[slot >>> 4]!;
    const count = this.#arena.countOf(page, slot);
    to.putCell(slot, this.#arena.cellBytes(page, slot), 0, count);
    this.#arena.cellBytes(page, slot).fill(0);
    this.#readings -= count;
    this.#cells -= 1;
  }

  /** Moves every cell of slots from `fromSlot` up to an empty window: whole pages where it can be. */
  moveCellsFrom(fromSlot: number, to: HourWindow): void {
    const firstWhole = Math.ceil(fromSlot / PAGE_CELLS);
    for (let slot = fromSlot; slot < firstWhole * PAGE_CELLS; slot++) if (this.has(slot)) this.moveCell(slot, to);
    for (let index = firstWhole; index < this.#pages.length; index++) {
      if (this.#pages[index] !== NO_PAGE) this.#movePage(index, to);
    }
  }

  /** Puts a whole cell, 48 bytes of `bytes` from `at` with this count, where none is. */
  putCell(slot: number, bytes: Uint8Array, at: number, count: number): void {
    this.#arena.putCell(this.#pageOf(slot), slot, bytes, at);
    this.#readings += count;
    this.#cells += 1;
  }

  /** The slot's cell, to be read before the next one is; null where it has no readings. */
  cellOf(slot: number): Readonly<Cell> | null {
    const page = this.#pages[slot >>> 4];
    return page === undefined || page === NO_PAGE ? null : this.#arena.cellOf(page, slot);
  }

  /** In the order of slots. */
  forEachCell(visit: (cell: Cell) => void): void {
    for (const page of this.#pages) if (page !== NO_PAGE) this.#arena.forEachCell(page, visit);
  }

  /** Copies every cell, 48 bytes each, to `target` from `at`; returns the end. */
  copyCells(target: Uint8Array, at: number): number {
    let end = at;
    for (const page of this.#pages) if (page !== NO_PAGE) end = this.#arena.copyCells(page, target, end);
    return end;
  }

  /** Gives the memory back. The window is empty afterwards. */
  release(): void {
    for (const page of this.#pages) if (page !== NO_PAGE) this.#arena.free(page);
    this.#pages = new Int32Array(FIRST_PAGES).fill(NO_PAGE);
    this.#readings = 0;
    this.#cells = 0;
  }

  #movePage(index: number, to: HourWindow): void {
    const page = this.#pages[index]!;
    this.#arena.forEachCell(page, ({ count }) => {
      this.#readings -= count;
      this.#cells -= 1;
      to.#readings += count;
      to.#cells += 1;
    });
    to.#reach(index);
    to.#pages[index] = page;
    this.#pages[index] = NO_PAGE;
  }

  #reach(index: number): void {
    if (index < this.#pages.length) return;
    const wider = new Int32Array(Math.max(index + 1, Math.ceil(this.#pages.length * 1.5))).fill(NO_PAGE);
    wider.set(this.#pages);
    this.#pages = wider;
  }

  #pageOf(slot: number): number {
    const index = Math.floor(slot / PAGE_CELLS);
    this.#reach(index);
    let page = this.#pages[index]!;
    if (page === NO_PAGE) {
      page = this.#arena.allocate();
      this.#pages[index] = page;
    }
    return page;
  }
}
