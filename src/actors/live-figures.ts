/**
 * One partition's open hours by district, kind and metric, while somebody looks at them.
 *
 * Job: of each (channel, hour) what has left the windows for blocks since it began to look, so that this and the open
 * windows together are everything the partition has counted that was not in the table at that moment (invariant 8).
 * Boundary: pure memory, made and dropped at any time; no checkpoint holds it. It costs nothing per reading: cells are
 * added up when they are sealed, and windows when {@link LiveFigures.rows} is called.
 */
import type { LiveRow } from '../model/live.ts';
import { addLiveRow, addLiveSum, emptyLiveRow } from '../model/live-row.ts';
import type { HourWindow } from './hour-window.ts';
import type { SealedBlock } from './outbox.ts';
import { readRows } from './row-binary.ts';
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
      readRows(bytes, (row) => {
        if (row.hour >= fromHour) addLiveRow(this.#sealed.of(row, row.hour), row);
      });
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

/** A million cells a second at most pass here: the channel is looked up by its number, not by its names. */
function addWindow(target: ChannelHours, window: HourWindow, series: SeriesIndex): void {
  const byChannel: (CityRow | undefined)[] = [];
  window.forEachCell(({ slot, count, hi, lo, min, max }) => {
    const row = (byChannel[series.channelIdOf(slot)] ??= target.of(series.channelOf(slot), window.hour));
    row.count += count;
    addLiveSum(row, hi, lo);
    if (min < row.min) row.min = min;
    if (max > row.max) row.max = max;
  });
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
