/**
 * The actor of one partition: messages in; blocks, rejects and checkpoints out.
 *
 * Job: counts every reading of its messages exactly once into the window of its hour. Boundary: pure code. No I/O, no
 * timers, no clock, synchronous between two messages; decoding comes in as a port. The host around it owns the
 * mailbox, time, the broker and the database.
 * Invariants: 1 (position beside state: {@link PartitionActor.snapshot}), 2 (rows leave only as blocks in the
 * outbox), 6 (late is a correction), 7 (time only moves on), 14 (the books balance).
 */
import type { ByteSpan } from '../model/byte-span.ts';
import type { OpenHoursRequest, OpenRow } from '../model/cluster.ts';
import { HOUR_MS, hourStartMs } from '../model/hour.ts';
import type { Gap, LedgerTotals } from '../model/ledger.ts';
import {
  LATE_CELLS_PER_PARTITION_MAX,
  LATE_SEAL_INTERVAL_MS,
  NEWBORN_SEAL_INTERVAL_MS,
  POISON_FAILURES,
} from '../model/limits.ts';
import type { Decoded, ReadingBatch, RejectReason, SourceSequence, SubjectTokens } from '../model/reading.ts';
import { timeBounds } from '../model/reading-time.ts';
import { type ActorSnapshot, type ActorState, FIRST_STATE } from './actor-state.ts';
import { BlockBuilder } from './block-builder.ts';
import type { CellArena } from './cell-arena.ts';
import { Finality } from './finality.ts';
import { addGap, gapOf } from './gaps.ts';
import { idleSeries } from './idle-series.ts';
import { KnownSlots, learn, type Slots } from './known-slots.ts';
import { KnownSubjects } from './known-subjects.ts';
import { LedgerBook } from './ledger-book.ts';
import { type CityRow, LiveFigures } from './live-figures.ts';
import { openHours } from './open-hours.ts';
import { Outbox } from './outbox.ts';
import { type Reject, rejectsOf, WaitingRejects } from './rejects.ts';
import { SeriesIndex, type SeriesSegment } from './series-index.ts';
import { type SourceSessions, SourceSequences } from './source-sequence.ts';
import { Watermark } from './watermark.ts';
import { decodeWindows, encodeWindows } from './window-codec.ts';
import { Windows } from './windows.ts';

export interface ActorOptions {
  readonly partition: number;
  readonly incarnation: number;
  readonly disorderMs: number;
  /** Readings older than this before receipt are `too-old`; 0: no horizon. */
  readonly horizonMs: number;
  /** Time between two entries of the ledger. */
  readonly ledgerPeriodMs: number;
}

/** One message as the stream has it. */
export interface StreamMessage {
  /** Stream sequence. */
  readonly sequence: number;
  /** The broker's time of the message, ms since 1970. */
  readonly receivedMs: number;
  /** `<city>.<district>.<kind>.<source>` as published. */
  readonly subject: string;
  /** Null where a token breaks the rule. */
  readonly tokens: SubjectTokens | null;
  readonly contentType: string | undefined;
  /** `Hourglass-Seq`, where there is one. */
  readonly sourceSequence: SourceSequence | 'malformed' | null;
  readonly payload: ByteSpan;
}

/** The decoder's port; a batch is valid until the next call. */
export type Decode = (
  payload: ByteSpan,
  contentType: string | undefined,
  channel: string,
  source: string,
  receivedMs: number,
) => Decoded;

export class PartitionActor {
  readonly partition: number;
  readonly outbox = new Outbox();
  readonly #options: ActorOptions;
  readonly #decode: Decode;
  readonly #series = new SeriesIndex();
  readonly #sessions = new SourceSequences();
  readonly #windows: Windows;
  readonly #blocks: BlockBuilder;
  readonly #watermark: Watermark;
  readonly #totals: LedgerTotals;
  readonly #book: LedgerBook;
  #gaps: readonly Gap[];
  #live: LiveFigures | null = null;
  readonly #slots = new KnownSlots();
  readonly #subjects = new KnownSubjects();
  readonly #rejects = new WaitingRejects();
  readonly #finality: Finality;
  #position: number;
  #lastSequence: number;
  #lastReceivedMs: number;
  #announced: number;
  #lateSealMs = -Infinity;
  #newbornSealMs = -Infinity;
  #savedSessions = 0;
  #changes = 0;

  constructor(options: ActorOptions, arena: CellArena, decode: Decode, state: ActorState = FIRST_STATE) {
    this.partition = options.partition;
    this.#options = options;
    this.#decode = decode;
    this.#windows = new Windows(arena, state.closedHour);
    this.#blocks = new BlockBuilder(options.partition, options.incarnation, state.nextBlock);
    this.#watermark = new Watermark(options.disorderMs, state.watermarkMs, state.lastReceivedMs);
    this.#totals = { ...state.totals };
    this.#book = new LedgerBook(options.ledgerPeriodMs, state);
    this.#gaps = state.gaps;
    this.#position = state.position;
    this.#lastSequence = state.lastSequence;
    this.#lastReceivedMs = state.lastReceivedMs;
    this.#announced = state.announced;
    this.#finality = new Finality(state.finalThroughMs);
    this.#finality.close(hourStartMs(state.closedHour), state.nextBlock);
  }

  /** The next stream sequence to read. */
  get position(): number {
    return this.#position;
  }

  /** Rises with everything a checkpoint would have to say, but position and watermark. */
  get changes(): number {
    return this.#changes;
  }

  get watermarkMs(): number {
    return this.#watermark.ms;
  }

  get nextBlock(): number {
    return this.#blocks.nextBlock;
  }

  get seriesCount(): number {
    return this.#series.size;
  }

  get openReadings(): number {
    return this.#windows.readings;
  }

  get totals(): Readonly<LedgerTotals> {
    return this.#totals;
  }

  /** Entries of the ledger up to this are in the table, ms since 1970. */
  get entriesStoredMs(): number {
    return this.#book.storedMs;
  }

  /** Entries of the ledger that are not certain to be in the table. */
  get waitingEntries(): number {
    return this.#book.waiting;
  }

  /** Bytes of rejects that wait for a commit. */
  get rejectBytes(): number {
    return this.#rejects.bytes;
  }

  get lateCells(): number {
    return this.#windows.lateCells;
  }

  /** Takes a message. One below the position has been taken before and is passed over. */
  receive(message: StreamMessage): void {
    if (!this.#take(message)) return;
    const newestMs = this.#use(message);
    this.#watermark.observe(newestMs, message.receivedMs);
  }

  /** Takes a message that is not to be looked into: actors failed on it. */
  refuse(message: StreamMessage): void {
    if (!this.#take(message)) return;
    const newestMs = this.#rejectWhole(message, 'poison', `a worker failed ${String(POISON_FAILURES)} times on it`);
    this.#watermark.observe(newestMs, message.receivedMs);
  }

  /** Every message below `sequence` that is meant for this partition has been taken. */
  advancePosition(sequence: number): void {
    if (sequence > this.#position) this.#position = sequence;
  }

  /**
   * These sequences are not in the stream any more, and this partition has not read them. Returns how many of them were
   * not known to be missing.
   */
  miss(from: number, to: number): number {
    const { gaps, fresh } = addGap(this.#gaps, gapOf(from, to));
    if (fresh === 0) return 0;
    this.#gaps = gaps;
    this.#changes += 1;
    return fresh;
  }

  /** The table has the entries of the ledger up to this, ms since 1970. */
  entriesStored(throughMs: number): void {
    this.#book.stored(throughMs);
  }

  /** See {@link Watermark.followFrontier}. */
  followFrontier(frontierMs: number): void {
    this.#watermark.followFrontier(frontierMs);
  }

  /** Seals what is due into the outbox. `oldest` windows are sealed whatever their state (memory bound). */
  seal(nowMs: number, force: { all?: boolean; oldest?: number } = {}): void {
    const watermarkMs = this.#watermark.ms;
    const late =
      nowMs - this.#lateSealMs >= LATE_SEAL_INTERVAL_MS || this.#windows.lateCells >= LATE_CELLS_PER_PARTITION_MAX;
    const plan = { watermarkMs, late, all: force.all ?? false, oldest: force.oldest ?? 0 };
    const closedBefore = this.#windows.closedHour;
    if (this.#windows.isDue(plan)) {
      const due = this.#windows.take(plan);
      const hasClosed = this.#windows.closedHour > closedBefore;
      const idle = hasClosed ? idleSeries(this.#series.size, [...due, ...this.#windows.all()]) : null;
      this.#emit(due, nowMs);
      if (idle !== null) this.#forgetSeries(idle);
    } else {
      this.#windows.take(plan);
    }
    if (late) this.#lateSealMs = nowMs;
    this.#sealNewborn(nowMs);
    if (this.#windows.closedHour > closedBefore) {
      this.#finality.close(hourStartMs(this.#windows.closedHour), this.nextBlock);
      this.#changes += 1;
    }
  }

  /** True where hours have ended whose rows the database is not known to have. */
  get hasEndedHours(): boolean {
    return this.#finality.isWaiting;
  }

  /** Hours that end at or before this are closed, and every block sealed up to then is confirmed. ms since 1970. */
  finalThroughMs(): number {
    return this.#finality.throughMs(this.outbox);
  }

  /** Everything to be written at a checkpoint, taken at one moment; it shares nothing with the actor. */
  snapshot(): ActorSnapshot {
    const sessionsChanged = this.#sessions.version !== this.#savedSessions;
    this.#savedSessions = this.#sessions.version;
    return {
      state: {
        position: this.#position,
        lastSequence: this.#lastSequence,
        lastReceivedMs: this.#lastReceivedMs,
        watermarkMs: this.#watermark.ms,
        finalThroughMs: this.finalThroughMs(),
        closedHour: this.#windows.closedHour,
        nextBlock: this.nextBlock,
        announced: this.#announced,
        totals: { ...this.#totals },
        ...this.#book.snapshot(),
        gaps: this.#gaps,
      },
      segment: this.#series.takeSegment(),
      generation: this.#series.generation,
      windows: encodeWindows(this.#windows),
      sessions: sessionsChanged ? this.#sessions.snapshot() : null,
      rejects: this.#rejects.snapshot(),
    };
  }

  /** The next snapshot's segment holds every series. */
  rewriteSeries(): void {
    this.#series.takeAllAgain();
  }

  /** Restores what {@link snapshot} gave; only on a new actor that was made with the snapshot's state. */
  restore(
    segments: readonly SeriesSegment[],
    windows: Uint8Array,
    sessions: readonly SourceSessions[],
    rejects: readonly Reject[],
  ): void {
    for (const segment of segments) this.#series.restore(segment);
    decodeWindows(windows, this.#windows);
    this.#sessions.restore(sessions);
    this.#rejects.add(rejects);
  }

  /** The first `count` rejects were sent. */
  rejectsSent(count: number): void {
    this.#rejects.sent(count);
    this.#changes += 1;
  }

  /** Block numbers below are never used again (invariant 10). */
  skipBlocksTo(nextBlock: number): void {
    this.#blocks.skipTo(nextBlock);
    this.#changes += 1;
  }

  openHours(request: OpenHoursRequest): OpenRow[] {
    return openHours(request, this.#series, this.#windows.all(), this.outbox.unconfirmed());
  }

  /** Begins to keep figures by channel of hours from `fromHour` on: all it has counted but the rows of confirmed blocks. */
  beginLive(fromHour: number): LiveFigures {
    this.#live = new LiveFigures(fromHour, this.outbox.unconfirmed());
    return this.#live;
  }

  /** Nobody looks any more. */
  endLive(): void {
    this.#live = null;
  }

  /** The figures since {@link beginLive}; none where they are not kept. */
  liveRows(fromHour: number): Iterable<CityRow> {
    return this.#live?.rows(this.#windows.all(), this.#series, fromHour) ?? [];
  }

  /** Gives all memory back to the arena. The actor must not be used afterwards. */
  release(): void {
    this.#windows.release();
    this.#series.release();
  }

  /** False where it has been taken before. */
  #take(message: StreamMessage): boolean {
    if (message.sequence < this.#position) return false;
    this.#book.observe(message.receivedMs, this.#totals, this.#lastSequence);
    this.#position = message.sequence + 1;
    this.#lastSequence = message.sequence;
    this.#lastReceivedMs = message.receivedMs;
    this.#totals.messages += 1;
    this.#changes += 1;
    return true;
  }

  /** Returns the time of the newest reading that was counted, -Infinity where none was. */
  #use(message: StreamMessage): number {
    const { tokens, sourceSequence } = message;
    if (tokens === null)
      return this.#rejectWhole(message, 'bad-name', 'a token of the subject does not match [A-Za-z0-9_-]{1,64}');
    if (sourceSequence === 'malformed')
      return this.#rejectWhole(message, 'malformed', 'header Hourglass-Seq is not <session>:<n>');
    if (sourceSequence !== null) {
      const verdict = this.#sessions.take(
        this.#subjects.sourceOf(tokens),
        sourceSequence.session,
        sourceSequence.number,
      );
      if (verdict === 'duplicate') {
        this.#totals.messagesDuplicate += 1;
        return -Infinity;
      }
      if (verdict === 'stale')
        return this.#rejectWhole(
          message,
          'stale-sequence',
          `number ${String(sourceSequence.number)} is too old to tell whether it was sent before`,
        );
    }
    const decoded = this.#decode(
      message.payload,
      message.contentType,
      message.subject,
      tokens.source,
      message.receivedMs,
    );
    if (!decoded.ok) return this.#rejectWhole(message, decoded.reject.reason, decoded.reject.detail);
    this.#totals.messagesUsed += 1;
    if (decoded.batch.rejects.length > 0)
      for (const { reason, detail, indexes } of decoded.batch.rejects)
        this.#rejectReadings(message, reason, detail, indexes);
    return this.#count(message, tokens, decoded.batch);
  }

  /** The hot path of a reading. */
  #count(message: StreamMessage, tokens: SubjectTokens, batch: ReadingBatch): number {
    const { count, index, timeMs, value } = batch;
    const { lowestMs, highestMs } = timeBounds(message.receivedMs, this.#options.horizonMs);
    const slots = this.#slots.of(batch.names, count === 0 ? 0 : index[count - 1]! + 1);
    let newestMs = -Infinity;
    let hourBegin = 0;
    let hourEnd = 0;
    let hour = 0;
    let counted = 0;
    let late = 0;
    let future: number[] | null = null;
    let tooOld: number[] | null = null;
    for (let i = 0; i < count; i++) {
      const row = index[i]!;
      const time = timeMs[i]!;
      if (time > highestMs) {
        (future ??= []).push(row);
        continue;
      }
      if (time < lowestMs) {
        (tooOld ??= []).push(row);
        continue;
      }
      let slot = slots.base + slots.rows[row]!;
      if (slot < 0) slot = this.#resolve(tokens, batch, slots, row);
      if (time < hourBegin || time >= hourEnd) {
        hour = Math.floor(time / HOUR_MS);
        hourBegin = hourStartMs(hour);
        hourEnd = hourBegin + HOUR_MS;
      }
      if (this.#windows.add(hour, slot, time - hourBegin, value[i]!).late) late += 1;
      counted += 1;
      if (time > newestMs) newestMs = time;
    }
    this.#totals.readingsCounted += counted;
    this.#totals.readingsLate += late;
    if (future !== null) this.#rejectReadings(message, 'future', 'more than 10 minutes ahead of receipt', future);
    if (tooOld !== null) this.#rejectReadings(message, 'too-old', 'before 1990 or behind the horizon', tooOld);
    return newestMs;
  }

  #resolve(tokens: SubjectTokens, batch: ReadingBatch, slots: Slots, row: number): number {
    const { names } = batch;
    const channel = this.#subjects.channelOf(tokens, names.metrics[names.metricOf[row]!]!, this.#series);
    const slot = this.#series.slotOf(channel, names.sensorBytes, names.sensorStart[row]!, names.sensorEnd[row]!);
    if (learn(slots, row, slot)) names.shareWith?.(this.#series.names, slots.base);
    return slot;
  }

  #rejectWhole(message: StreamMessage, reason: RejectReason, detail: string): number {
    this.#totals.messagesRejected += 1;
    this.#rejects.add(rejectsOf(message, reason, detail, null));
    return -Infinity;
  }

  #rejectReadings(message: StreamMessage, reason: RejectReason, detail: string, indexes: readonly number[]): void {
    this.#totals.readingsRejected += indexes.length;
    this.#rejects.add(rejectsOf(message, reason, detail, indexes));
  }

  #emit(windows: Parameters<BlockBuilder['build']>[0], nowMs: number): void {
    this.#live?.seal(windows, this.#series);
    for (const block of this.#blocks.build(windows, this.#series)) {
      this.outbox.add(block, nowMs);
      this.#totals.readingsSealed += block.readings;
      this.#changes += 1;
    }
  }

  /** A new series gets one early row of what it has so far, so that the tables know it before its first hour ends. */
  #sealNewborn(nowMs: number): void {
    if (this.#announced === this.#series.size || nowMs - this.#newbornSealMs < NEWBORN_SEAL_INTERVAL_MS) return;
    this.#newbornSealMs = nowMs;
    this.#emit(this.#windows.takeSlotsFrom(this.#announced), nowMs);
    this.#announced = this.#series.size;
  }

  /** Invariant 13: the index forgets series that have gone; a series that comes back is simply new. */
  #forgetSeries(isIdle: Uint8Array): void {
    const announced = this.#announced;
    const held = encodeWindows(this.#windows);
    this.#windows.release();
    const moved = this.#series.compact((slot) => isIdle[slot] === 0);
    decodeWindows(held, this.#windows, moved);
    this.#slots.forgetAll();
    this.#subjects.forgetAll();
    this.#announced = 0;
    for (let slot = 0; slot < announced; slot++) if (moved[slot]! >= 0) this.#announced += 1;
    this.#changes += 1;
  }
}
