/**
 * The first line of a message that JetStream delivers, read from its bytes:
 *
 * `MSG <subject> <sid> $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending> <bytes>\r\n`
 *
 * or, with headers, `HMSG` and two sizes: of the headers, and of these and the payload.
 *
 * Job: numbers and places in one pass, without a text or an object in between. Boundary: says no to any other line (a
 * server with a domain, another reply) and to one that is not whole; others then read it.
 * Invariant: every byte of a line that it says yes to has been looked at, but for those of a reply's first part that is as
 * long as that of the line before with the same `sid`: a subscription has one consumer.
 */
const SPACE = 0x20;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const CARRIAGE_RETURN = 0x0d;
const NEWLINE = 0x0a;
const LETTER_H = 0x48;
/** `MSG ` and `HMSG `. */
const VERB_BYTES = 4;
const HEADER_VERB_BYTES = 5;
/** Of `$JS.ACK.<stream>.<consumer>.<delivered>.` */
const DOTS_BEFORE_SEQUENCE = 5;
/** Of a reply: with more of them the server has a domain, and its numbers stand elsewhere. */
const DOTS = 8;
const DOLLAR = 0x24;
const JS_ACK = [...Buffer.from('$JS.ACK.')];
/** Digits of the ns since 1970 from 2001 to 2286; of the ms in front, in two parts that fit 32 bits each. */
const NS_DIGITS = 19;
const MS_HIGH_DIGITS = 6;
const MS_LOW_DIGITS = 7;
const MS_LOW = 10 ** MS_LOW_DIGITS;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

export class DeliveryLine {
  /** Of the subscription. */
  sid = 0;
  subjectStart = 0;
  subjectEnd = 0;
  /** As {@link subjectHash} gives it. */
  subjectHash = 0;
  /** In the stream. */
  sequence = 0;
  /** Counts the deliveries of the consumer from 1. */
  delivery = 0;
  /** The broker's time of the message, ms since 1970. */
  receivedMs = 0;
  /** Messages that wait behind this one. */
  pending = 0;
  /** They end where the payload starts. */
  headersStart = 0;
  payloadStart = 0;
  payloadEnd = 0;
  /** Of the line before: its subscription, and the bytes of its reply in front of the stream sequence. */
  #knownSid = -1;
  #knownBytes = 0;
  #at = 0;

  /** @param start of the line. @returns false where it is no such line, or not whole; the fields then mean nothing. */
  read(bytes: Uint8Array, start: number): boolean {
    const hasHeaders = bytes[start] === LETTER_H;
    const subjectStart = start + (hasHeaders ? HEADER_VERB_BYTES : VERB_BYTES);
    let hash = FNV_OFFSET;
    let at = subjectStart;
    let byte = bytes[at]!;
    while (byte > SPACE) {
      hash = Math.imul(hash ^ byte, FNV_PRIME);
      byte = bytes[++at]!;
    }
    if (byte !== SPACE) return false;
    this.subjectStart = subjectStart;
    this.subjectEnd = at;
    this.subjectHash = hash;
    this.#at = at + 1;
    this.sid = this.#number(bytes, SPACE);
    if (this.sid < 0 || !this.#passConsumer(bytes)) return false;
    this.sequence = this.#number(bytes, DOT);
    this.delivery = this.#number(bytes, DOT);
    const timeAt = this.#at;
    const high = digits(bytes, timeAt, MS_HIGH_DIGITS);
    const low = digits(bytes, timeAt + MS_HIGH_DIGITS, MS_LOW_DIGITS);
    if (high < 0 || low < 0 || bytes[timeAt + NS_DIGITS] !== DOT) return false;
    this.receivedMs = high * MS_LOW + low;
    this.#at = timeAt + NS_DIGITS + 1;
    this.pending = this.#number(bytes, SPACE);
    const headerBytes = hasHeaders ? this.#number(bytes, SPACE) : 0;
    const size = this.#number(bytes, CARRIAGE_RETURN);
    if (this.sequence < 0 || this.delivery < 0 || this.pending < 0 || headerBytes < 0 || size < headerBytes)
      return false;
    if (bytes[this.#at] !== NEWLINE) return false;
    this.headersStart = this.#at + 1;
    this.payloadStart = this.headersStart + headerBytes;
    this.payloadEnd = this.headersStart + size;
    return true;
  }

  /** Passes over `$JS.ACK.<stream>.<consumer>.<delivered>.` */
  #passConsumer(bytes: Uint8Array): boolean {
    const start = this.#at;
    if (this.sid === this.#knownSid && bytes[start] === DOLLAR && bytes[start + this.#knownBytes - 1] === DOT) {
      this.#at = start + this.#knownBytes;
      return true;
    }
    for (let i = 0; i < JS_ACK.length; i++) if (bytes[start + i] !== JS_ACK[i]) return false;
    let dots = 0;
    let end = start;
    for (let at = start; bytes[at]! > SPACE; at++) {
      if (bytes[at] !== DOT) continue;
      dots += 1;
      if (dots === DOTS_BEFORE_SEQUENCE) end = at + 1;
    }
    if (dots !== DOTS) return false;
    this.#knownSid = this.sid;
    this.#knownBytes = end - start;
    this.#at = end;
    return true;
  }

  /** The whole number here, and passes over the byte behind it, which must be `behind`; -1 where it is not so. */
  #number(bytes: Uint8Array, behind: number): number {
    let at = this.#at;
    const start = at;
    let value = 0;
    let byte = bytes[at]!;
    while (byte >= ZERO && byte <= NINE) {
      value = value * 10 + (byte - ZERO);
      byte = bytes[++at]!;
    }
    this.#at = at + 1;
    return at === start || byte !== behind ? -1 : value;
  }
}

/** FNV-1a. */
export function subjectHash(bytes: Uint8Array): number {
  let hash = FNV_OFFSET;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, FNV_PRIME);
  return hash;
}

/** The number of so many digits, at most nine; -1 where one of them is none. */
function digits(bytes: Uint8Array, start: number, count: number): number {
  let value = 0;
  for (let at = start; at < start + count; at++) {
    const byte = bytes[at]!;
    if (!(byte >= ZERO && byte <= NINE)) return -1;
    value = value * 10 + (byte - ZERO);
  }
  return value;
}
