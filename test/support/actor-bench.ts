/**
 * A partition actor with the real decoder, driven by hand: what unit tests of the actor share.
 *
 * Boundary: no broker, no database, no clock; sequence numbers and times are the test's.
 */
import { ByteSpan } from '../../src/model/byte-span.ts';
import type { ActorSnapshot } from '../../src/actors/actor-state.ts';
import { CellArena } from '../../src/actors/cell-arena.ts';
import { type FactRow, readRows } from '../../src/actors/fact-columns.ts';
import type { SealedBlock } from '../../src/actors/outbox.ts';
import { type ActorOptions, type Decode, PartitionActor } from '../../src/actors/partition-actor.ts';
import type { SeriesSegment } from '../../src/actors/series-index.ts';
import type { SourceSessions } from '../../src/actors/source-sequence.ts';
import { Decoder } from '../../src/runtime/decode/decoder.ts';

export const HOUR = 3_600_000;
/** Hour from which the tests count. */
export const T0 = Date.UTC(2026, 10, 23, 12);

export const OPTIONS: ActorOptions = {
  partition: 7,
  incarnation: 42,
  disorderMs: 5_000,
  horizonMs: 0,
  ledgerPeriodMs: 60_000,
};

export interface Sent {
  sequence?: number;
  receivedMs?: number;
  subject?: string;
  seq?: { session: string; number: number } | 'malformed';
  payload: unknown;
}

/** What a checkpoint would keep. */
export interface Kept {
  last: ActorSnapshot;
  segments: SeriesSegment[];
  sessions: SourceSessions[];
  blocks: SealedBlock[];
}

export class ActorBench {
  readonly arena = new CellArena();
  actor: PartitionActor;
  readonly #decode = decoding();
  #sequence = 0;
  #nowMs = T0;
  #segments: SeriesSegment[] = [];
  #sessions: SourceSessions[] = [];

  constructor(options: Partial<ActorOptions> = {}) {
    this.actor = new PartitionActor({ ...OPTIONS, ...options }, this.arena, this.#decode);
  }

  get sequence(): number {
    return this.#sequence;
  }

  /** Sends a payload: an array or object as SenML, bytes as they are. */
  send({ sequence, receivedMs, subject = 'city.mid.air.gw', seq, payload }: Sent): void {
    this.#sequence = sequence ?? this.#sequence + 1;
    if (receivedMs !== undefined) this.#nowMs = receivedMs;
    const [city = '', district = '', kind = '', source = ''] = subject.split('.');
    this.actor.receive({
      sequence: this.#sequence,
      receivedMs: this.#nowMs,
      subject,
      tokens: { city, district, kind, source },
      contentType: undefined,
      sourceSequence: seq ?? null,
      payload: ByteSpan.of(payload instanceof Uint8Array ? payload : new TextEncoder().encode(JSON.stringify(payload))),
    });
  }

  /** One reading: sensor `s1`, metric `temp`, at `timeMs`, received at the same moment unless said. */
  reading(timeMs: number, v: number, more: { sensor?: string; metric?: string; receivedMs?: number } = {}): void {
    const n = `${more.sensor ?? 's1'}/${more.metric ?? 'temp'}`;
    this.send({ payload: [{ n, t: timeMs / 1000, v }], receivedMs: more.receivedMs ?? Math.max(timeMs, this.#nowMs) });
  }

  /** Takes a checkpoint, as a runner would. */
  checkpoint(): Kept {
    const last = this.actor.snapshot();
    if (last.segment !== null)
      this.#segments = last.segment.from === 0 ? [last.segment] : [...this.#segments, last.segment];
    if (last.sessions !== null) this.#sessions = last.sessions;
    const blocks = this.actor.outbox.unconfirmed();
    this.actor.outbox.committed(blocks.map((block) => block.block));
    return { last, segments: [...this.#segments], sessions: this.#sessions, blocks };
  }

  /** The actor dies; a new one begins from what was kept, on a thread of its own or the same. */
  recover(kept: Kept, thread: 'new' | 'same' = 'new'): void {
    this.actor.release();
    const decode = thread === 'same' ? this.#decode : decoding();
    this.actor = new PartitionActor(OPTIONS, this.arena, decode, kept.last.state);
    this.actor.restore(kept.segments, kept.last.windows, kept.sessions, kept.last.rejects);
    for (const block of kept.blocks) this.actor.outbox.add(block, 0, 'committed');
    this.#segments = [...kept.segments];
    this.#sessions = kept.sessions;
  }

  rows(blocks: readonly SealedBlock[] = this.actor.outbox.unconfirmed()): (FactRow & { block: number })[] {
    const rows: (FactRow & { block: number })[] = [];
    for (const { block, bytes } of blocks) readRows(bytes, (row) => rows.push({ ...row, block }));
    return rows;
  }

  confirmAll(): void {
    for (const { sealed } of this.actor.outbox.entries()) this.actor.outbox.confirm(sealed.block);
  }
}

/** The real decoder. */
export function decoding(): Decode {
  const decoder = new Decoder();
  return (payload, contentType, channel, source, receivedMs) =>
    decoder.decodeSpan(payload, contentType, channel, source, receivedMs);
}
