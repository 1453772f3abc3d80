/**
 * The open hour, read from memory (invariant 8).
 *
 * Job: answers a question about hours with a partition's windows and its sealed, unconfirmed rows, added up per
 * series and hour, smallest keys first. Boundary: reads; changes nothing.
 */
import type { OpenHoursRequest, OpenRow, SeriesKey } from '../model/cluster.ts';
import { addPairTo } from '../model/double-double.ts';
import { compareRows } from '../model/series-order.ts';
import type { Cell } from './cell-arena.ts';
import { BlockDirectory } from './block-directory.ts';
import { readRows } from './fact-columns.ts';
import type { HourWindow } from './hour-window.ts';
import type { SealedBlock } from './outbox.ts';
import type { Channel, SeriesIndex } from './series-index.ts';

type Addend = Omit<OpenRow, keyof Channel | 'sensor' | 'hour'>;

/** Rows in order, at most `request.limit`. */
export function openHours(
  request: OpenHoursRequest,
  series: SeriesIndex,
  windows: Iterable<HourWindow>,
  unconfirmed: readonly SealedBlock[],
): OpenRow[] {
  const rows = new Rows(request);
  const slots = new SlotFilter(request, series);
  if (slots.areFew) {
    lookUp(rows, slots, request, series, windows, unconfirmed);
    return rows.sorted();
  }
  const { wantAny } = slots;
  for (const window of windows) {
    if (window.hour < request.fromHour || window.hour >= request.toHour || !wantAny) continue;
    // By the slots' channels, 2 bytes a series in a row: most questions are about few of them, and cells are 48 bytes each.
    for (let slot = 0; slot < series.size; slot++) {
      if (!slots.wants(slot)) continue;
      const cell = window.cellOf(slot);
      if (cell !== null) rows.add(series.channelOf(slot), slots.sensorOf(slot), window.hour, ofCell(cell));
    }
  }
  for (const block of unconfirmed) {
    readRows(
      block.bytes,
      (row) => {
        if (slots.wantsRow(row)) rows.add(row, row.sensor, row.hour, { ...row, revisions: row.revised ? 1 : 0 });
      },
      (hour) => hour >= request.fromHour && hour < request.toHour,
    );
  }
  return rows.sorted();
}

/** Of a few series: each is found by its name, and the others are not looked at. */
function lookUp(
  rows: Rows,
  wanted: SlotFilter,
  request: OpenHoursRequest,
  series: SeriesIndex,
  windows: Iterable<HourWindow>,
  unconfirmed: readonly SealedBlock[],
): void {
  const isAsked = (hour: number): boolean => hour >= request.fromHour && hour < request.toHour;
  const open = [...windows].filter(({ hour }) => isAsked(hour));
  for (const [id, channel] of series.channels.entries()) {
    for (const sensor of wanted.sensorsIn(channel)) {
      const slot = series.find(id, utf8Encoder.encode(sensor));
      if (slot < 0) continue;
      for (const window of open) {
        const cell = window.cellOf(slot);
        if (cell !== null) rows.add(channel, sensor, window.hour, ofCell(cell));
      }
    }
  }
  for (const block of unconfirmed) {
    const directory = BlockDirectory.of(block.bytes);
    for (const [place, channel] of directory.channels.entries()) {
      for (const sensor of wanted.sensorsIn(channel)) {
        for (const row of directory.rowsOf(place, utf8Encoder.encode(sensor)))
          if (isAsked(row.hour)) rows.add(channel, sensor, row.hour, { ...row, revisions: row.revised ? 1 : 0 });
      }
    }
  }
}

function ofCell(cell: Readonly<Cell>): Addend {
  return { count: cell.count, sumHi: cell.hi, sumLo: cell.lo, min: cell.min, max: cell.max, revisions: 0 };
}

function wantsChannel(request: OpenHoursRequest, channel: Channel): boolean {
  return (
    (request.city === undefined || request.city === channel.city) &&
    (request.district === undefined || request.district === channel.district) &&
    (request.kind === undefined || request.kind === channel.kind) &&
    (request.metric === undefined || request.metric === channel.metric)
  );
}

/** Series of a request that are looked for one by one; a question for more looks at every series once. */
const SERIES_LOOKED_UP_MAX = 10_000;

/** The sensors of a channel that a request is about. */
type ChannelWish = ReadonlySet<string> | 'all' | 'none';

/** The sensors a request names in each channel it names. */
function sensorsByChannel(series: readonly SeriesKey[]): Map<string, Set<string>> {
  const channels = new Map<string, Set<string>>();
  for (const one of series) {
    const sensors = channels.get(channelKey(one)) ?? new Set();
    channels.set(channelKey(one), sensors.add(one.sensor));
  }
  return channels;
}

function channelKey({ city, district, kind, metric }: Channel): string {
  return `${city}\n${district}\n${kind}\n${metric}`;
}

/** Which slots and rows a request is about: decided once per channel, then by the sensor. A request for one sensor is always for few. */
class SlotFilter {
  readonly #series: SeriesIndex;
  readonly #request: OpenHoursRequest;
  readonly #channels: (ChannelWish | undefined)[] = [];
  readonly #listed: ReadonlyMap<string, ReadonlySet<string>> | null;

  constructor(request: OpenHoursRequest, series: SeriesIndex) {
    this.#request = request;
    this.#series = series;
    this.#listed = request.series === undefined ? null : sensorsByChannel(request.series);
  }

  /** False where it is about no series of this partition. */
  get wantAny(): boolean {
    return this.#series.channels.some((channel) => this.#wishOf(channel) !== 'none');
  }

  /** True where the request names so few series that each is better looked for by itself. */
  get areFew(): boolean {
    const { sensor, series } = this.#request;
    return sensor !== undefined || (series !== undefined && series.length <= SERIES_LOOKED_UP_MAX);
  }

  /** The sensors of a channel that the request is about; only where {@link areFew}. */
  sensorsIn(channel: Channel): Iterable<string> {
    const wish = this.#wishOf(channel);
    const { sensor } = this.#request;
    if (wish === 'none') return [];
    if (sensor === undefined) return wish === 'all' ? [] : wish;
    return wish === 'all' || wish.has(sensor) ? [sensor] : [];
  }

  wants(slot: number): boolean {
    const wish = (this.#channels[this.#series.channelIdOf(slot)] ??= this.#wishOf(this.#series.channelOf(slot)));
    if (wish === 'none') return false;
    return wish === 'all' || wish.has(this.sensorOf(slot));
  }

  wantsRow(row: Channel & { sensor: string }): boolean {
    const wish = this.#wishOf(row);
    return wish !== 'none' && (wish === 'all' || wish.has(row.sensor));
  }

  sensorOf(slot: number): string {
    return utf8.decode(this.#series.nameBytes(slot));
  }

  #wishOf(channel: Channel): ChannelWish {
    if (!wantsChannel(this.#request, channel)) return 'none';
    return this.#listed === null ? 'all' : (this.#listed.get(channelKey(channel)) ?? 'none');
  }
}

/** How many times the wanted rows are collected before the largest keys are dropped. */
const COLLECT_FACTOR = 4;

/**
 * Adds up the rows of one key. A key behind `limit` smaller ones can never be in the answer, so when there are far
 * more keys than wanted the largest are dropped, and whatever comes behind the largest one kept is not looked at.
 */
class Rows {
  readonly #request: OpenHoursRequest;
  #rows = new Map<string, OpenRow>();
  #largest: OpenRow | null = null;

  constructor(request: OpenHoursRequest) {
    this.#request = request;
  }

  add(channel: Channel, sensor: string, hour: number, addend: Addend): void {
    const { city, district, kind, metric } = channel;
    const key = `${city}\n${district}\n${kind}\n${metric}\n${sensor}\n${String(hour)}`;
    const known = this.#rows.get(key);
    if (known !== undefined) {
      addRow(known, addend);
      return;
    }
    const row: OpenRow = { city, district, kind, metric, sensor, hour, ...addendOf(addend) };
    const { after, limit } = this.#request;
    if (after !== undefined && compareRows(row, after) <= 0) return;
    if (this.#largest !== null && compareRows(row, this.#largest) > 0) return;
    this.#rows.set(key, row);
    if (this.#rows.size > limit * COLLECT_FACTOR) this.#dropLargest();
  }

  sorted(): OpenRow[] {
    return [...this.#rows.values()].sort(compareRows).slice(0, this.#request.limit);
  }

  #dropLargest(): void {
    const kept = [...this.#rows].sort(([, a], [, b]) => compareRows(a, b)).slice(0, this.#request.limit);
    this.#rows = new Map(kept);
    this.#largest = kept.at(-1)?.[1] ?? null;
  }
}

function addendOf({ count, sumHi, sumLo, min, max, revisions }: Addend): Addend {
  return { count, sumHi, sumLo, min, max, revisions };
}

/** Adds one partition's or one block's part of a row to another one's. */
export function addRow(row: OpenRow, addend: Addend): void {
  const sum = { hi: row.sumHi, lo: row.sumLo };
  addPairTo(sum, addend.sumHi, addend.sumLo);
  row.count += addend.count;
  row.sumHi = sum.hi;
  row.sumLo = sum.lo;
  row.min = Math.min(row.min, addend.min);
  row.max = Math.max(row.max, addend.max);
  row.revisions += addend.revisions;
}

const utf8Encoder = new TextEncoder();
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
