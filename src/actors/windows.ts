/**
 * All open windows of one partition.
 *
 * Job: hour -> window, knows which hours are closed, picks the windows that are due to be sealed.
 * Boundary: no rows, no blocks; those are the block writer's.
 * Invariants: a closed hour never opens again but as a late window (invariant 6); a cell that has counted
 * CELL_READINGS_MAX readings moves to a full window, so that a running sum's error stays bounded.
 */
import { hourStartMs, HOUR_MS } from '../model/hour.ts';
import { CELL_READINGS_MAX } from '../model/limits.ts';
import type { CellArena } from './cell-arena.ts';
import { HourWindow } from './hour-window.ts';

/** Which windows to seal. */
export interface SealPlan {
  /** Hours that end at or before this are closed now. ms since 1970. */
  readonly watermarkMs: number;
  /** Seal late and full windows too. */
  readonly late: boolean;
  /** Seal every open window (flush). */
  readonly all: boolean;
  /** Seal this many of the oldest open windows whatever their state (memory bound). */
  readonly oldest: number;
}

export class Windows {
  readonly #arena: CellArena;
  readonly #open = new Map<number, HourWindow>();
  #full: HourWindow[] = [];
  /** Hours below this index are closed. */
  #closedHour: number;
  #recent: HourWindow | null = null;

  constructor(arena: CellArena, closedHour = 0) {
    this.#arena = arena;
    this.#closedHour = closedHour;
  }

  /** First hour that is not closed. */
  get closedHour(): number {
    return this.#closedHour;
  }

  get lateCells(): number {
    let cells = 0;
    for (const window of this.#open.values()) if (window.late) cells += window.cells;
    for (const window of this.#full) cells += window.cells;
    return cells;
  }

  /** Readings in open windows. */
  get readings(): number {
    let readings = 0;
    for (const window of this.all()) readings += window.readings;
    return readings;
  }

  /** Counts a reading; returns the window it went to. */
  add(hour: number, slot: number, msIntoHour: number, value: number): HourWindow {
    const recent = this.#recent;
    const window = recent !== null && recent.hour === hour ? recent : this.#windowOf(hour);
    if (window.add(slot, msIntoHour, value) === CELL_READINGS_MAX) this.#setAside(window, slot);
    return window;
  }

  /** Open and full windows, in no order. */
  *all(): Generator<HourWindow> {
    yield* this.#open.values();
    yield* this.#full;
  }

  has(hour: number): boolean {
    return this.#open.has(hour);
  }

  /** True where {@link take} with this plan would give something. */
  isDue(plan: SealPlan): boolean {
    if (plan.all || plan.oldest > 0) return this.#open.size > 0 || this.#full.length > 0;
    for (const window of this.#open.values()) if (isDueWindow(window, plan)) return true;
    return this.#full.some((window) => plan.late || isDueWindow(window, plan));
  }

  /** Removes and returns the windows that are due, oldest hour first, and closes the hours that the watermark has passed. */
  take(plan: SealPlan): HourWindow[] {
    const byAge = [...this.#open.values()].sort((a, b) => a.hour - b.hour);
    const taken = byAge.filter((window, age) => age < plan.oldest || isDueWindow(window, plan));
    for (const window of taken) this.#open.delete(window.hour);
    const fullIsDue = (window: HourWindow): boolean => plan.late || plan.oldest > 0 || isDueWindow(window, plan);
    taken.push(...this.#full.filter(fullIsDue));
    this.#full = this.#full.filter((window) => !fullIsDue(window));
    this.#recent = null;
    this.#closedHour = Math.max(this.#closedHour, Math.floor(plan.watermarkMs / HOUR_MS));
    return taken;
  }

  /** Moves the cells of slots from `fromSlot` up, in hours still open, to windows of their own, and returns these. */
  takeSlotsFrom(fromSlot: number): HourWindow[] {
    const taken: HourWindow[] = [];
    for (const window of this.#open.values()) {
      if (window.late) continue;
      const young = new HourWindow(this.#arena, window.hour, false);
      window.moveCellsFrom(fromSlot, young);
      if (young.cells > 0) taken.push(young);
    }
    return taken;
  }

  /** Puts a window back that a checkpoint held. */
  restore(hour: number, late: boolean): HourWindow {
    const window = new HourWindow(this.#arena, hour, late);
    if (this.#open.has(hour)) this.#full.push(window);
    else this.#open.set(hour, window);
    return window;
  }

  release(): void {
    for (const window of this.all()) window.release();
    this.#open.clear();
    this.#full = [];
    this.#recent = null;
  }

  #windowOf(hour: number): HourWindow {
    let window = this.#open.get(hour);
    if (window === undefined) {
      window = new HourWindow(this.#arena, hour, hour < this.#closedHour);
      this.#open.set(hour, window);
    }
    this.#recent = window;
    return window;
  }

  #setAside(window: HourWindow, slot: number): void {
    let target = this.#full.find((full) => full.hour === window.hour && full.late === window.late && !full.has(slot));
    if (target === undefined) {
      target = new HourWindow(this.#arena, window.hour, window.late);
      this.#full.push(target);
    }
    window.moveCell(slot, target);
  }
}

function isDueWindow(window: HourWindow, plan: SealPlan): boolean {
  if (plan.all) return true;
  if (window.late) return plan.late;
  return hourStartMs(window.hour) + HOUR_MS <= plan.watermarkMs;
}
