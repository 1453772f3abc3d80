/**
 * One partition's open hours by district, kind and metric, while somebody looks at them.
 *
 * Job: of each (channel, hour) what has left the windows for blocks since it began to look, so that this and the open
 * windows together are everything the partition has counted that was not in the table at that moment (invariant 8).
 * Boundary: pure memory, made and dropped at any time; no checkpoint holds it. It costs nothing per reading: cells are
 * added up when they are sealed, and windows when {@link LiveFigures.rows} is called.
 */
import { addTo, type DoubleDouble } from '../model/double-double.ts';
import type { LiveRow } from '../model/live.ts';
import { addLiveRow, emptyLiveRow } from '../model/live-row.ts';
import { readRows } from './fact-columns.ts';
import type { HourWindow } from './hour-window.ts';
import type { SealedBlock } from './outbox.ts';
import type { Channel, SeriesIndex } from './series-index.ts';

/** A row and the city that it is of. */
export interface CityRow extends LiveRow {
  readonly city: string;
}

export class LiveFigures {
  readonly fromHour: number;
  readonly #sealed = new ChannelHours();

  /** @param unconfirmed blocks whose rows the table may not have yet: the only ones that are read back. */
  constructor(fromHour: number, unconfirmed: readonly SealedBlock[]) {
    this.fromHour = fromHour;
    for (const { bytes } of unconfirmed) {
      readRows(
        bytes,
        (row) => {
          addLiveRow(this.#sealed.of(row, row.hour), row);
        },
        (hour) => hour >= fromHour,
      );
    }
  }

  /** These windows' cells become rows of blocks now. */
  seal(windows: Iterable<HourWindow>, series: SeriesIndex): void {
    for (const window of windows) if (window.hour >= this.fromHour) addWindow(this.#sealed, window, series);
  }

  /** Hours below are final for everybody who looks. */
  forgetBelow(hour: number): void {
    this.#sealed.forgetBelow(hour);
  }

  /** What was sealed and what is in the windows, added up, for hours from `fromHour` on. */
  rows(windows: Iterable<HourWindow>, series: SeriesIndex, fromHour: number): Iterable<CityRow> {
    const sum = this.#sealed.copyFrom(fromHour);
    for (const window of windows) if (window.hour >= fromHour) addWindow(sum, window, series);
    return sum.rows();
  }
}

/**
 * A million cells a second at most pass here: a channel is found by its number, not by its names, and nothing is
 * allocated for a cell.
 */
function addWindow(target: ChannelHours, window: HourWindow, series: SeriesIndex): void {
  const sums: (ChannelSum | undefined)[] = [];
  window.forEachCell((cell) => {
    const { slot } = cell;
    const sum = (sums[series.channelIdOf(slot)] ??= { slot, count: 0, hi: 0, lo: 0, min: Infinity, max: -Infinity });
    sum.count += cell.count;
    addTo(sum, cell.hi);
    if (cell.lo !== 0) addTo(sum, cell.lo);
    if (cell.min < sum.min) sum.min = cell.min;
    if (cell.max > sum.max) sum.max = cell.max;
  });
  for (const sum of sums) {
    if (sum === undefined) continue;
    const { slot, hi: sumHi, lo: sumLo, ...rest } = sum;
    addLiveRow(target.of(series.channelOf(slot), window.hour), { ...rest, sumHi, sumLo });
  }
}

/** A channel's cells of one window added up; `slot` is one of its series. */
interface ChannelSum extends DoubleDouble {
  slot: number;
  count: number;
  min: number;
  max: number;
}

/** Rows by hour and channel. */
class ChannelHours {
  readonly #hours = new Map<number, Map<string, CityRow>>();

  of(channel: Channel, hour: number): CityRow {
    let rows = this.#hours.get(hour);
    if (rows === undefined) this.#hours.set(hour, (rows = new Map()));
    const key = `${channel.city}.${channel.district}.${channel.kind} ${channel.metric}`;
    let row = rows.get(key);
    if (row === undefined) rows.set(key, (row = { city: channel.city, ...emptyLiveRow({ ...channel, hour }) }));
    return row;
  }

  copyFrom(fromHour: number): ChannelHours {
    const copy = new ChannelHours();
    for (const [hour, rows] of this.#hours) {
      if (hour < fromHour) continue;
      copy.#hours.set(hour, new Map([...rows].map(([key, row]) => [key, { ...row }])));
    }
    return copy;
  }

  forgetBelow(hour: number): void {
    for (const known of this.#hours.keys()) if (known < hour) this.#hours.delete(known);
  }

  *rows(): Generator<CityRow> {
    for (const rows of this.#hours.values()) yield* rows.values();
  }
}
