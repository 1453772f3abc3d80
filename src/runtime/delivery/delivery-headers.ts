/**
 * The two headers of a reading's message that mean something, from the bytes of its header block (ADR-4):
 *
 * `NATS/1.0\r\n<name>: <value>\r\n…\r\n\r\n`
 *
 * Job: finds `Content-Type` and `Hourglass-Seq`, names in any case, the first of each. Boundary: what the values mean, others
 * say (decode/). Every other line is passed over, whatever it is: the broker takes any bytes there, and the client
 * library throws where it reads names and values that it would not write itself.
 */
import type { Msg } from '@nats-io/transport-node';
import { isText } from '../../model/ascii.ts';
import type { SourceSequence } from '../../model/reading.ts';
import { parseSourceSequence, SourceSequenceReader } from '../decode/source-sequence-header.ts';

const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const LOWER_A = 0x61;
/** From the capital letter to the small one. */
const CASE_BIT = 0x20;
const LINE_END_BYTES = 2;
const CONTENT_TYPE = Buffer.from('content-type:');
const SOURCE_SEQUENCE = Buffer.from('hourglass-seq:');
const utf8 = new TextDecoder();

export class DeliveryHeaders {
  contentType: string | undefined;
  /** `Hourglass-Seq`. */
  sourceSequence: SourceSequence | 'malformed' | null = null;
  readonly #sequences = new SourceSequenceReader();
  /** Sources repeat. */
  #knownType = '';

  /** @param start of the block; none where it is `end`. */
  read(bytes: Uint8Array, start: number, end: number): void {
    this.contentType = undefined;
    this.sourceSequence = null;
    // Behind the version.
    let at = lineEnd(bytes, start, end) + LINE_END_BYTES;
    while (at < end) {
      if (this.contentType === undefined && isNamed(bytes, at, CONTENT_TYPE)) {
        at = this.#readType(bytes, at + CONTENT_TYPE.length, end) + LINE_END_BYTES;
        continue;
      }
      const until = lineEnd(bytes, at, end);
      if (this.sourceSequence === null && isNamed(bytes, at, SOURCE_SEQUENCE))
        this.sourceSequence = this.#sequences.read(bytes, at + SOURCE_SEQUENCE.length, until);
      at = until + LINE_END_BYTES;
    }
  }

  /** Of a message that the library has read. Where it throws, a number may be among what it cannot read: none is a right one. */
  readFrom(msg: Msg): void {
    this.contentType = undefined;
    this.sourceSequence = null;
    try {
      for (const [name, [value]] of msg.headers ?? []) {
        const lower = name.toLowerCase();
        if (lower === 'content-type') this.contentType ??= value;
        if (lower === 'hourglass-seq') this.sourceSequence ??= parseSourceSequence(value ?? '');
      }
    } catch {
      this.sourceSequence = 'malformed';
    }
  }

  /** Returns where the line ends. The type of the message before is compared with, and not looked through for an end. */
  #readType(bytes: Uint8Array, start: number, end: number): number {
    const from = bytes[start] === SPACE ? start + 1 : start;
    let until = from + this.#knownType.length;
    if (!isLineEnd(bytes, until, end) || !isText(this.#knownType, bytes, from, until)) {
      until = lineEnd(bytes, start, end);
      this.#knownType = textOf(bytes, start, until);
    }
    this.contentType = this.#knownType;
    return until;
  }
}

/** Where the next `\r\n` is, or `end`. */
function lineEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let at = start; at < end; at++) if (isLineEnd(bytes, at, end)) return at;
  return end;
}

function isLineEnd(bytes: Uint8Array, at: number, end: number): boolean {
  return at < end - 1 && bytes[at] === CARRIAGE_RETURN && bytes[at + 1] === NEWLINE;
}

function isNamed(bytes: Uint8Array, start: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    const byte = bytes[start + i]!;
    const wanted = name[i]!;
    if (byte !== wanted && (wanted < LOWER_A || byte !== wanted - CASE_BIT)) return false;
  }
  return true;
}

function textOf(bytes: Uint8Array, start: number, end: number): string {
  return utf8.decode(bytes.subarray(start, end)).trim();
}
