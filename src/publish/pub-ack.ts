/**
 * JetStream's answer to a publish (`PubAck`): where the message is stored, or why it is not.
 *
 * Boundary: bytes in, an answer out. Nearly all acknowledgements of a connection differ in their number alone, so the
 * bytes before it are remembered and compared; whatever looks different is read as the JSON that it is.
 */
import { type ApiError, JetStreamApiError, JetStreamError } from '@nats-io/jetstream';

export interface PubAck {
  /** Of the message in its stream. */
  readonly sequence: number;
  /** The stream had a message of this `Nats-Msg-Id`; the sequence is that one's. */
  readonly duplicate: boolean;
}

const NUMBER_KEY = '"seq":';
const [ZERO, NINE, CLOSING_BRACE] = [0x30, 0x39, 0x7d];
/** More digits might not be a safe integer: then JSON decides. */
const DIGITS_MAX = 15;

export class PubAckReader {
  /** `{"stream":"READINGS","seq":` as the broker last wrote it. */
  #start: Uint8Array = new Uint8Array();

  /** An error where the broker says one, or something that is no acknowledgement. */
  read(data: Uint8Array): PubAck | Error {
    const sequence = this.#sequenceOf(data);
    return sequence === null ? this.#parse(data) : { sequence, duplicate: false };
  }

  /** Null where the answer is anything else than the bytes that are known, digits, and the end. */
  #sequenceOf(data: Uint8Array): number | null {
    const start = this.#start;
    const end = data.length - 1;
    const digits = end - start.length;
    if (start.length === 0 || digits < 1 || digits > DIGITS_MAX || data[end] !== CLOSING_BRACE) return null;
    for (let at = 0; at < start.length; at++) if (data[at] !== start[at]) return null;
    let sequence = 0;
    for (let at = start.length; at < end; at++) {
      const digit = data[at]!;
      if (digit < ZERO || digit > NINE) return null;
      sequence = sequence * 10 + (digit - ZERO);
    }
    return sequence;
  }

  #parse(data: Uint8Array): PubAck | Error {
    const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
    const answer = parseJson(text);
    if (answer?.error !== undefined) return new JetStreamApiError(answer.error);
    const { stream, seq, duplicate } = answer ?? {};
    if (typeof stream !== 'string' || stream === '' || !Number.isSafeInteger(seq)) {
      return new JetStreamError(`the broker's answer is no acknowledgement: ${text.slice(0, 200)}`);
    }
    if (duplicate === undefined) this.#start = startOf(data, text, `${NUMBER_KEY}${String(seq)}}`);
    return { sequence: seq!, duplicate: duplicate === true };
  }
}

interface Answer {
  readonly stream?: unknown;
  readonly seq?: number;
  readonly duplicate?: unknown;
  readonly error?: ApiError;
}

function parseJson(text: string): Answer | null {
  try {
    const answer: unknown = JSON.parse(text);
    return typeof answer === 'object' ? answer : null;
  } catch {
    return null;
  }
}

/** The bytes before the number; none where it is not the last thing in the answer. */
function startOf(data: Uint8Array, text: string, end: string): Uint8Array {
  if (!text.endsWith(end)) return new Uint8Array();
  return data.slice(0, data.length - end.length + NUMBER_KEY.length);
}
