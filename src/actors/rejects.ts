/**
 * Readings that could not be used, on their way to the stream REJECTED.
 *
 * Job: turns what a decoder or the actor refused into bounded messages, and keeps them until a commit has passed
 * and they were sent. Boundary: memory only. At least once: (stream sequence, reading index) identifies one.
 */
import type { ByteSpan } from '../model/byte-span.ts';
import { REJECT_DETAIL_CHARS_MAX, REJECT_INDEXES_CHARS_MAX, REJECT_PAYLOAD_BYTES_MAX } from '../model/limits.ts';
import type { RejectReason } from '../model/reading.ts';

/** One message for REJECTED. */
export interface Reject {
  readonly reason: RejectReason;
  /** `<city>.<district>.<kind>.<source>` as published, also where a token breaks the rule. */
  readonly subject: string;
  /** Stream sequence of the original message. */
  readonly sequence: number;
  /** Part of this reason for this message, from 0: a long index list is cut over several messages. */
  readonly part: number;
  /** Ranges, ascending, `0-3,7`; empty: the whole message. */
  readonly indexes: string;
  /** Readings rejected by this part; 0: the whole message. */
  readonly count: number;
  readonly detail: string;
  /** The original bytes, up to REJECT_PAYLOAD_BYTES_MAX. */
  readonly payload: Uint8Array;
  /** Bytes of the original payload. */
  readonly payloadBytes: number;
  readonly contentType: string;
}

export interface RejectedOriginal {
  readonly sequence: number;
  readonly subject: string;
  readonly payload: ByteSpan;
  readonly contentType: string | undefined;
}

/** Those that were not sent yet: a checkpoint holds them. */
export class WaitingRejects {
  #rejects: Reject[] = [];
  #bytes = 0;

  /** See {@link rejectBytes}. */
  get bytes(): number {
    return this.#bytes;
  }

  add(rejects: readonly Reject[]): void {
    for (const reject of rejects) {
      this.#rejects.push(reject);
      this.#bytes += rejectBytes(reject);
    }
  }

  /** The first `count` were sent. */
  sent(count: number): void {
    for (const reject of this.#rejects.splice(0, count)) this.#bytes -= rejectBytes(reject);
  }

  snapshot(): Reject[] {
    return [...this.#rejects];
  }
}

/** Makes the messages for one reason; `indexes` null means the whole message. */
export function rejectsOf(
  original: RejectedOriginal,
  reason: RejectReason,
  detail: string,
  indexes: readonly number[] | null,
): Reject[] {
  const parts = indexes === null ? [{ text: '', count: 0 }] : indexRanges(indexes);
  return parts.map(({ text, count }, part) => ({
    reason,
    subject: original.subject,
    sequence: original.sequence,
    part,
    indexes: text,
    count,
    detail: headerText(detail),
    payload: original.payload.view().slice(0, REJECT_PAYLOAD_BYTES_MAX),
    payloadBytes: original.payload.length,
    contentType: headerText(original.contentType ?? ''),
  }));
}

/** Bytes that a reject holds in memory and in a checkpoint, about. */
function rejectBytes(reject: Reject): number {
  return reject.payload.length + reject.indexes.length + reject.detail.length + reject.subject.length + 64;
}

/** `[0,1,2,3,7]` -> `0-3,7`, cut where the text grows too long. */
function indexRanges(indexes: readonly number[]): { text: string; count: number }[] {
  const parts: { text: string; count: number }[] = [];
  let text = '';
  let count = 0;
  for (let i = 0; i < indexes.length;) {
    const first = indexes[i]!;
    let last = first;
    let run = 1;
    while (indexes[i + run] === last + 1) {
      last += 1;
      run += 1;
    }
    const range = run === 1 ? String(first) : `${String(first)}-${String(last)}`;
    if (text.length + range.length + 1 > REJECT_INDEXES_CHARS_MAX) {
      parts.push({ text, count });
      text = '';
      count = 0;
    }
    text = text === '' ? range : `${text},${range}`;
    count += run;
    i += run;
  }
  parts.push({ text, count });
  return parts;
}

/** A header line holds printable ASCII only: what a hostile payload put into a detail must not end the line. */
function headerText(text: string): string {
  return text.slice(0, REJECT_DETAIL_CHARS_MAX).replace(/[^\x20-\x7e]/g, '?');
}
