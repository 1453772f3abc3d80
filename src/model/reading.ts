/**
 * What a message says: the columns of readings that a decoder gives and an actor counts.
 *
 * Boundary: types, no behaviour. A batch is reused from message to message: nobody keeps a reference to its
 * columns past the call it was handed to, except to {@link NameColumns} that are `stable`.
 */

/** The tokens of `sensors.<city>.<district>.<kind>.<source>`. */
export interface SubjectTokens {
  readonly city: string;
  readonly district: string;
  readonly kind: string;
  readonly source: string;
  /** What an actor has found out about the subject, beside it so that no message has to look it up. That actor's alone. */
  memo?: SubjectMemo;
}

export interface SubjectMemo {
  /** Who wrote it: another's means nothing. */
  readonly owner: object;
}

/** What a source says of a message in `Hourglass-Seq`. */
export interface SourceSequence {
  readonly session: string;
  /** Whole, 0 <= number < 2^53. */
  readonly number: number;
}

/** Why a reading, or a whole message, cannot be used (contract, section 2). */
export const REJECT_REASONS = [
  'malformed',
  'not-numeric',
  'not-finite',
  'bad-name',
  'future',
  'too-old',
  'stale-sequence',
  'poison',
] as const;
export type RejectReason = (typeof REJECT_REASONS)[number];

/** Readings of one message that cannot be used, by reason. */
export interface RejectedReadings {
  readonly reason: RejectReason;
  /** What was wrong with the first of them, for a person. */
  readonly detail: string;
  /** Positions in the message, ascending. */
  readonly indexes: number[];
}

/** A message that cannot be used at all. */
export interface RejectedMessage {
  readonly reason: RejectReason;
  readonly detail: string;
}

/**
 * The names of a message's readings, by position in the message (frame row, or record of the SenML pack).
 * Row `i` is sensor `sensorBytes[sensorStart[i] .. sensorEnd[i])` and metric `metrics[metricOf[i]]`.
 */
export interface NameColumns {
  /** True where these columns never change again: the same object then means the same names (slots may be reused). */
  readonly stable: boolean;
  readonly sensorBytes: Uint8Array;
  readonly sensorStart: Uint32Array;
  readonly sensorEnd: Uint32Array;
  readonly metricOf: Uint32Array;
  readonly metrics: readonly string[];
  /** Somebody keeps the sensors of all rows, in their order, from number `first` on: these columns may do without memory for them. */
  shareWith?(kept: KeptNames, first: number): void;
}

/** Names that somebody keeps in memory by number, one after the other, each with a line feed behind it. */
export interface KeptNames {
  /** Empty when they are kept no longer; another object when there are more. */
  readonly bytes: Buffer;
  /** Where a name begins in {@link bytes}, for as long as it is kept. */
  start(number: number): number;
  /** Where it ends, before the line feed. */
  end(number: number): number;
}

/** One decoded message. Columns are valid from 0 to `count`. */
export interface ReadingBatch {
  /** Usable readings. */
  count: number;
  /** Position of each usable reading in its message; also its row in `names`. Ascending. */
  index: Uint32Array;
  /** ms since 1970 UTC, whole numbers. Not yet checked against future and horizon. */
  timeMs: Float64Array;
  /** Finite float64. */
  value: Float64Array;
  names: NameColumns;
  /** Readings that cannot be used; at most one entry a reason. */
  rejects: RejectedReadings[];
}

export type Decoded =
  { readonly ok: true; readonly batch: ReadingBatch } | { readonly ok: false; readonly reject: RejectedMessage };
