/**
 * Takes deliveries out of a connection's bytes before the client library reads them.
 *
 * Job: cuts the bytes from the broker into whole operations; a delivered message of a subscription that is listened
 * to goes straight to its listener, everything else to the library's parser, in the order in which it came. Boundary:
 * connecting, authentication, TLS, subscriptions, reconnects and every other operation are the library's.
 * Why: the library's parser, message object and texts cost more than all the rest of a reading's way (`npm run profile`,
 * bench/README.md). Its protocol handler has no door for that: the parser it makes for each connection is replaced. Where its
 * inside is not as it was, {@link DeliveryTap.of} gives none, and messages come by the library's own way.
 * Invariant: the library's parser is given whole operations, and stands at the start of one in between.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { DeliveryLine } from './delivery-line.ts';

/** Takes a message; `line` says where its headers and payload are in `bytes`, which are never written to again. */
export type TakeDelivery = (line: DeliveryLine, bytes: Uint8Array) => void;

/** The part of the library's parser that is used. */
interface Parser {
  /** 0 between two operations. */
  readonly state: number;
  parse(bytes: Uint8Array): void;
}

const NEWLINE = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const LETTER_H = 0x48;
const LETTER_M = 0x4d;
/** Lines are shorter: subject and reply have tokens of 64 bytes at most, and numbers. A longer one is read all the same. */
const LINE_BYTES_USUAL_MAX = 1_024;
/** `\r\n` behind a payload. */
const PAYLOAD_END_BYTES = 2;
const EMPTY = new Uint8Array();
const taps = new WeakMap<NatsConnection, DeliveryTap | null>();

export class DeliveryTap {
  readonly #listeners = new Map<number, TakeDelivery>();
  readonly #line = new DeliveryLine();

  /** The tap of a connection, one for each; null where the library is not as we know it. */
  static of(nc: NatsConnection): DeliveryTap | null {
    let tap = taps.get(nc);
    if (tap === undefined) {
      tap = new DeliveryTap();
      if (!tap.#replaceParser(nc)) tap = null;
      taps.set(nc, tap);
    }
    return tap;
  }

  /** From now on deliveries of the subscription come here. */
  listen(sid: number, take: TakeDelivery): void {
    this.#listeners.set(sid, take);
  }

  forget(sid: number): void {
    this.#listeners.delete(sid);
  }

  /** The library makes a parser for each connection to the broker: each is wrapped. */
  #replaceParser(nc: NatsConnection): boolean {
    const { protocol } = nc as unknown as { protocol?: { parser?: unknown } };
    if (protocol === undefined || !isParser(protocol.parser)) return false;
    let current = new TappedParser(protocol.parser, this.#listeners, this.#line);
    Object.defineProperty(protocol, 'parser', {
      get: () => current,
      set: (parser: Parser) => {
        current = new TappedParser(parser, this.#listeners, this.#line);
      },
    });
    return true;
  }
}

/** In the place of the library's parser, around it. */
export class TappedParser {
  readonly #inner: Parser;
  readonly #listeners: ReadonlyMap<number, TakeDelivery>;
  readonly #line: DeliveryLine;
  /** Of an operation that is not whole yet. */
  #rest: Uint8Array = EMPTY;
  /** What follows the rest, while it is still too little. */
  #more: Uint8Array[] = [];
  #missing = 0;

  constructor(inner: Parser, listeners: ReadonlyMap<number, TakeDelivery>, line: DeliveryLine) {
    this.#inner = inner;
    this.#listeners = listeners;
    this.#line = line;
  }

  parse(bytes: Uint8Array): void {
    if (this.#inner.state !== 0) {
      // It was replaced in the middle of an operation.
      this.#inner.parse(bytes);
      return;
    }
    let at = this.#rest.length === 0 ? 0 : this.#completeRest(bytes);
    while (at < bytes.length) {
      const end = this.#takeOperation(bytes, at);
      if (end < 0) {
        this.#rest = bytes.subarray(at);
        return;
      }
      at = end;
    }
  }

  /** Adds to the rest what it lacks and takes it, if it is whole then. Returns how many of the bytes it took. */
  #completeRest(bytes: Uint8Array): number {
    let at = 0;
    if (this.#missing === 0) {
      // Its line has no end yet.
      const newline = bytes.indexOf(NEWLINE);
      at = newline < 0 ? bytes.length : newline + 1;
      this.#rest = Buffer.concat([this.#rest, bytes.subarray(0, at)]);
      if (newline < 0) return at;
      this.#missing = operationEnd(this.#rest, 0, this.#rest.length - 1) - this.#rest.length;
    }
    const piece = bytes.subarray(at, at + this.#missing);
    this.#more.push(piece);
    this.#missing -= piece.length;
    if (this.#missing > 0) return bytes.length;
    const whole = Buffer.concat([this.#rest, ...this.#more]);
    this.#rest = EMPTY;
    this.#more = [];
    this.#takeOperation(whole, 0);
    return at + piece.length;
  }

  /** Returns the end of the operation that begins here; -1, and how much is missing, where it is not whole. */
  #takeOperation(bytes: Uint8Array, start: number): number {
    const line = this.#line;
    const isDelivery = bytes[start] === LETTER_M || bytes[start] === LETTER_H;
    if (isDelivery && hasWholeLine(bytes, start) && line.read(bytes, start)) {
      const end = line.payloadEnd + PAYLOAD_END_BYTES;
      const take = this.#listeners.get(line.sid);
      if (end <= bytes.length && take !== undefined) {
        take(line, bytes);
        return end;
      }
    }
    const newline = bytes.indexOf(NEWLINE, start);
    this.#missing = 0;
    if (newline < 0) return -1;
    const end = operationEnd(bytes, start, newline);
    this.#missing = end - bytes.length;
    if (this.#missing > 0) return -1;
    this.#inner.parse(bytes.subarray(start, end));
    return end;
  }
}

/**
 * A line that is cut off is not read: once it has read behind the end of some bytes, the compiler's code for the reader takes
 * any byte for one that may not be there, and every line takes several times as long (`npm run profile`).
 */
function hasWholeLine(bytes: Uint8Array, start: number): boolean {
  return bytes.length - start >= LINE_BYTES_USUAL_MAX || bytes.indexOf(NEWLINE, start) >= 0;
}

/** The end of the operation whose line ends at `newline`: messages have a payload, whose size is the line's last number. */
function operationEnd(bytes: Uint8Array, start: number, newline: number): number {
  if (bytes[start] !== LETTER_M && bytes[start] !== LETTER_H) return newline + 1;
  let size = 0;
  for (let at = bytes.lastIndexOf(SPACE, newline) + 1; at < newline - 1; at++) size = size * 10 + bytes[at]! - ZERO;
  return newline + 1 + size + PAYLOAD_END_BYTES;
}

function isParser(value: unknown): value is Parser {
  const parser = value as Parser | null | undefined;
  return typeof parser?.parse === 'function' && typeof parser.state === 'number';
}
