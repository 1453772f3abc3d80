/**
 * Names to slots: which number a series has in this partition.
 *
 * Job: an open-addressing hash table over the bytes of names. A series is a channel (city, district, kind, metric)
 * and a sensor; its slot is a small dense number, given in order of first sight. Boundary: pure memory; the names' bytes are
 * those of series-names.ts.
 * Why not a Map: 16,777,216 entries are its limit and each costs about 100 bytes; here a series costs its name and a byte,
 * 6 bytes of columns and about 8 bytes of table.
 * Invariant: slots only grow until {@link SeriesIndex.compact} makes a new generation; slots of different
 * generations must never be mixed.
 */
import type { SubjectTokens } from '../model/reading.ts';
import { grown, SeriesNames, widened } from './series-names.ts';

/** What the series of one subject and metric have in common. */
export interface Channel {
  readonly city: string;
  readonly district: string;
  readonly kind: string;
  readonly metric: string;
}

/** A run of series, as a checkpoint keeps it: slots `from` to `from + count`. */
export interface SeriesSegment {
  readonly generation: number;
  readonly from: number;
  readonly count: number;
  /** Channels that are new in this segment, in order of their numbers. */
  readonly channels: readonly Channel[];
  readonly channelOf: Uint32Array;
  /** Length of each name in bytes (1 to 256). */
  readonly nameLengths: Uint16Array;
  /** The names, one after the other. */
  readonly names: Uint8Array;
}

const FIRST_TABLE = 64;
/** Columns that are small grow by half. */
const SMALL_SERIES = 16_384;
/** Channels that 16 bits can number. */
const NARROW_CHANNELS = 65_536;

export class SeriesIndex {
  #generation = 0;
  #table = new Int32Array(FIRST_TABLE);
  #count = 0;
  /** As narrow as its numbers let it be. */
  #channelOf: Uint16Array | Uint32Array = new Uint16Array(FIRST_TABLE);
  #names = new SeriesNames();
  #channels: Channel[] = [];
  #channelIds = new Map<string, number>();
  /** Channels and series already handed out by {@link takeSegment}. */
  #savedChannels = 0;
  #savedSeries = 0;

  get generation(): number {
    return this.#generation;
  }

  /** Series known; slots are 0 to `size - 1`. */
  get size(): number {
    return this.#count;
  }

  channelId(subject: SubjectTokens, metric: string): number {
    const key = `${subject.city}.${subject.district}.${subject.kind} ${metric}`;
    const known = this.#channelIds.get(key);
    if (known !== undefined) return known;
    return this.#addChannel(key, { city: subject.city, district: subject.district, kind: subject.kind, metric });
  }

  /** The slot of a series; a new one where the series is new. */
  slotOf(channel: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = this.#table.length - 1;
    let at = hash(channel, bytes, start, end) & mask;
    for (;;) {
      const entry = this.#table[at]!;
      if (entry === 0) break;
      if (this.#channelOf[entry - 1] === channel && this.#names.isAt(entry - 1, bytes, start, end)) return entry - 1;
      at = (at + 1) & mask;
    }
    return this.#append(channel, bytes, start, end, at);
  }

  /** The slot of a series; -1 where it is not known. */
  find(channel: number, bytes: Uint8Array): number {
    const mask = this.#table.length - 1;
    for (let at = hash(channel, bytes, 0, bytes.length) & mask; ; at = (at + 1) & mask) {
      const slot = this.#table[at]! - 1;
      if (slot < 0) return -1;
      if (this.#channelOf[slot] === channel && this.#names.isAt(slot, bytes, 0, bytes.length)) return slot;
    }
  }

  /** By their numbers. */
  get channels(): readonly Channel[] {
    return this.#channels;
  }

  channelOf(slot: number): Channel {
    return this.#channels[this.#channelOf[slot]!]!;
  }

  /** Number of the series' channel, dense from 0: for caches per channel. */
  channelIdOf(slot: number): number {
    return this.#channelOf[slot]!;
  }

  /** The sensor's name, in place; valid until the next series is added. */
  nameBytes(slot: number): Uint8Array {
    return this.#names.bytes.subarray(this.#names.start(slot), this.#names.end(slot));
  }

  /** The names of all, by their slots; of this generation. */
  get names(): SeriesNames {
    return this.#names;
  }

  /** The series added since the last call; null where there are none. */
  takeSegment(): SeriesSegment | null {
    const from = this.#savedSeries;
    if (from === this.#count) return null;
    const kept = this.#names;
    const nameLengths = new Uint16Array(this.#count - from);
    let nameBytes = 0;
    for (let slot = from; slot < this.#count; slot++) {
      const length = kept.end(slot) - kept.start(slot);
      nameLengths[slot - from] = length;
      nameBytes += length;
    }
    const names = new Uint8Array(nameBytes);
    let to = 0;
    for (let slot = from; slot < this.#count; slot++)
      for (let at = kept.start(slot), end = kept.end(slot); at < end; at++) names[to++] = kept.bytes[at]!;
    const segment: SeriesSegment = {
      generation: this.#generation,
      from,
      count: this.#count - from,
      channels: this.#channels.slice(this.#savedChannels),
      channelOf: Uint32Array.from(this.#channelOf.subarray(from, this.#count)),
      nameLengths,
      names,
    };
    this.#savedSeries = this.#count;
    this.#savedChannels = this.#channels.length;
    return segment;
  }

  /** The next {@link takeSegment} gives every series again: for writing many small segments as one. */
  takeAllAgain(): void {
    this.#savedSeries = 0;
    this.#savedChannels = 0;
  }

  /** Adds a segment that {@link takeSegment} gave, in the same order. */
  restore(segment: SeriesSegment): void {
    if (segment.from !== this.#count)
      throw new RangeError(`series segment from ${String(segment.from)} after ${String(this.#count)} series`);
    this.#generation = segment.generation;
    for (const channel of segment.channels) this.#addChannel(channelKey(channel), channel);
    this.#makeRoom(this.#count + segment.count, segment.names.length);
    let start = 0;
    for (let i = 0; i < segment.count; i++) {
      const end = start + segment.nameLengths[i]!;
      const slot = this.slotOf(segment.channelOf[i]!, segment.names, start, end);
      if (slot !== segment.from + i)
        throw new RangeError(`series ${String(segment.from + i)} stands twice in the checkpoint`);
      start = end;
    }
    this.#savedSeries = this.#count;
    this.#savedChannels = this.#channels.length;
  }

  /** Forgets every series that `keep` does not want. Returns the new slot of each old one, -1 where forgotten. */
  compact(keep: (slot: number) => boolean): Int32Array {
    const old = {
      count: this.#count,
      channelOf: this.#channelOf,
      names: this.#names,
      channels: this.#channels,
    };
    const moved = new Int32Array(old.count).fill(-1);
    this.#generation += 1;
    this.#table = new Int32Array(FIRST_TABLE);
    this.#count = 0;
    this.#channelOf = new Uint16Array(FIRST_TABLE);
    this.#names = new SeriesNames();
    this.#channels = [];
    this.#channelIds = new Map();
    this.takeAllAgain();
    for (let slot = 0; slot < old.count; slot++) {
      if (!keep(slot)) continue;
      const channel = old.channels[old.channelOf[slot]!]!;
      const id = this.#channelIds.get(channelKey(channel)) ?? this.#addChannel(channelKey(channel), channel);
      moved[slot] = this.slotOf(id, old.names.bytes, old.names.start(slot), old.names.end(slot));
    }
    old.names.forget();
    return moved;
  }

  /** Gives the memory of the names back, whoever may still know of them. The index must not be used afterwards. */
  release(): void {
    this.#names.forget();
  }

  #addChannel(key: string, channel: Channel): number {
    const id = this.#channels.length;
    this.#channels.push(channel);
    if (id === NARROW_CHANNELS) this.#channelOf = Uint32Array.from(this.#channelOf);
    this.#channelIds.set(key, id);
    return id;
  }

  #channelColumn(length: number): Uint16Array | Uint32Array {
    return this.#channels.length > NARROW_CHANNELS ? new Uint32Array(length) : new Uint16Array(length);
  }

  #append(channel: number, bytes: Uint8Array, start: number, end: number, at: number): number {
    const slot = this.#count;
    if (slot === this.#channelOf.length) {
      const capacity = grown(slot, SMALL_SERIES);
      this.#channelOf = widened(this.#channelOf, this.#channelColumn(capacity));
    }
    this.#names.add(bytes, start, end);
    this.#channelOf[slot] = channel;
    this.#count = slot + 1;
    this.#table[at] = slot + 1;
    if (this.#count * 4 > this.#table.length * 3) this.#rehash(this.#table.length * 2);
    return slot;
  }

  /** For so many series in all, and so many bytes of new names. */
  #makeRoom(series: number, nameBytes: number): void {
    if (series > this.#channelOf.length) this.#channelOf = widened(this.#channelOf, this.#channelColumn(series));
    this.#names.reserve(series - this.#count, nameBytes);
    let places = this.#table.length;
    while (series * 4 > places * 3) places *= 2;
    if (places > this.#table.length) this.#rehash(places);
  }

  #rehash(places: number): void {
    const table = new Int32Array(places);
    const mask = table.length - 1;
    const names = this.#names;
    for (let slot = 0; slot < this.#count; slot++) {
      let at = hash(this.#channelOf[slot]!, names.bytes, names.start(slot), names.end(slot)) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = slot + 1;
    }
    this.#table = table;
  }
}

function channelKey(channel: Channel): string {
  return `${channel.city}.${channel.district}.${channel.kind} ${channel.metric}`;
}

/** FNV-1a over channel and name, with a final mix (murmur3's), since the table looks at the low bits. */
function hash(channel: number, bytes: Uint8Array, start: number, end: number): number {
  let h = Math.imul(0x811c9dc5 ^ channel, 0x01000193);
  for (let at = start; at < end; at++) h = Math.imul(h ^ bytes[at]!, 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  return h ^ (h >>> 13);
}
