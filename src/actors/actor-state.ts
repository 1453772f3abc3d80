/**
 * What a checkpoint holds of an actor.
 *
 * Boundary: types, and the state of an actor that has never read; how the parts are laid out in bytes, the codecs say.
 * Invariant 1: the position stands beside what was counted up to it.
 */
import { emptyLedger, type Gap, type LedgerTotals } from '../model/ledger.ts';
import type { LedgerBookState } from './ledger-book.ts';
import type { Reject } from './rejects.ts';
import type { SeriesSegment } from './series-index.ts';
import type { SourceSessions } from './source-sequence.ts';

/** Everything a checkpoint holds of an actor, but the outbox and the series (which are written once each). */
export interface ActorState extends LedgerBookState {
  /** The next stream sequence to read. */
  readonly position: number;
  /** Sequence and broker time of the last message taken (invariant 10); 0 before the first. */
  readonly lastSequence: number;
  readonly lastReceivedMs: number;
  readonly watermarkMs: number;
  readonly finalThroughMs: number;
  readonly closedHour: number;
  readonly nextBlock: number;
  /** Slots below this have had a row. */
  readonly announced: number;
  readonly totals: LedgerTotals;
  readonly gaps: readonly Gap[];
}

/** What to write at a checkpoint. */
export interface ActorSnapshot {
  readonly state: ActorState;
  /** Series that are new since the last snapshot; all of them where the generation is new. */
  readonly segment: SeriesSegment | null;
  readonly generation: number;
  /** {@link encodeWindows}. */
  readonly windows: Uint8Array;
  /** Null where nothing has changed since the last snapshot. */
  readonly sessions: SourceSessions[] | null;
  readonly rejects: readonly Reject[];
}

export const FIRST_STATE: ActorState = {
  position: 1,
  lastSequence: 0,
  lastReceivedMs: 0,
  watermarkMs: 0,
  finalThroughMs: 0,
  closedHour: 0,
  nextBlock: 1,
  announced: 0,
  totals: emptyLedger(),
  ledger: [],
  ledgerStoredMs: 0,
  newestReceivedMs: 0,
  gaps: [],
};
