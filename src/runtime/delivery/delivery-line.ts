/**
 * The first line of a message that JetStream delivers without headers, read from its bytes:
 *
 * `MSG <subject> <sid> $JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending> <bytes>\r\n`
 *
 * Job: numbers and places, without a text or an object in between, from the line's end, where the numbers are. Boundary:
 * says no to any other line (a server with a domain, another reply); the client library then reads it.
 */
const SPACE = 0x20;
const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const DOLLAR = 0x24;
/** `MSG `. */
const VERB_BYTES = 4;
/** Of `$JS.ACK.<stream>.<consumer>.<delivered>.` */
const DOTS_BEFORE_SEQUENCE = 5;
/** The digits of ns below a ms. */
const NS_DIGITS_BELOW_MS = 6;

export class DeliveryLine {
  /** Of the subscription. */
  sid = 0;
  subjectStart = 0;
  subjectEnd = 0;
  /** In the stream. */
  sequence = 0;
  /** Counts the deliveries of the consumer from 1. */
  delivery = 0;
  /** The broker's time of the message, ms since 1970. */
  receivedMs = 0;
  /** Messages that wait behind this one. */
  pending = 0;
  #at = 0;

  /**
   * @param start of the line. @param end the place of the space before its last number.
   * @returns false where it is no such line; the fields then mean nothing.
   */
  read(bytes: Uint8Array, start: number, end: number): boolean {
    this.#at = end;
    this.pending = this.#number(bytes, DOT, 0);
    this.receivedMs = this.#number(bytes, DOT, NS_DIGITS_BELOW_MS);
    this.delivery = this.#number(bytes, DOT, 0);
    this.sequence = this.#number(bytes, DOT, 0);
    let at = this.#at;
    let dots = 0;
    while (at > start && bytes[at] !== SPACE) {
      if (bytes[at] === DOT) dots += 1;
      at -= 1;
    }
    if (dots !== DOTS_BEFORE_SEQUENCE || bytes[at + 1] !== DOLLAR) return false;
    this.#at = at;
    this.sid = this.#number(bytes, SPACE, 0);
    this.subjectStart = start + VERB_BYTES;
    this.subjectEnd = this.#at;
    return !Number.isNaN(this.pending + this.receivedMs + this.delivery + this.sequence + this.sid);
  }

  /** The whole number that ends at the place read last, without so many of its last digits; NaN where there is none. */
  #number(bytes: Uint8Array, before: number, without: number): number {
    const end = this.#at - 1 - without;
    let at = end;
    let value = 0;
    let place = 1;
    let byte = bytes[at]!;
    while (byte >= ZERO && byte <= NINE) {
      value += (byte - ZERO) * place;
      place *= 10;
      byte = bytes[--at]!;
    }
    this.#at = at;
    return at === end || byte !== before ? NaN : value;
  }
}
