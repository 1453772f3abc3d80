/**
 * The reply subject of a delivered message: where it stands in the stream (ADR-15).
 *
 * `$JS.ACK.<stream>.<consumer>.<delivered>.<stream seq>.<consumer seq>.<ns>.<pending>`, with domain and account hash behind
 * `ACK` and a random token at the end where the server has a domain.
 *
 * Job: four numbers out of a text, read from its end, since this is done once a message. Boundary: text to numbers;
 * one object is used again and again.
 */
import { HourglassError } from '../../model/errors.ts';

const DOT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const TOKENS_MIN = 9;
const TOKENS_WITH_DOMAIN_MIN = 12;
/** The digits of ns below a ms. */
const NS_DIGITS_BELOW_MS = 6;

export class DeliverySubject {
  /** In the stream. */
  sequence = 0;
  /** Counts the deliveries of the consumer from 1. */
  delivery = 0;
  /** The broker's time of the message, ms since 1970. */
  receivedMs = 0;
  /** Messages that wait behind this one. */
  pending = 0;
  #text = '';
  #at = 0;

  /** @throws {HourglassError} where it is no such subject. */
  read(reply: string): void {
    const tokens = countTokens(reply);
    this.#text = reply;
    this.#at = reply.length;
    if (tokens >= TOKENS_WITH_DOMAIN_MIN) this.#at = reply.lastIndexOf('.');
    this.pending = this.#number(0);
    this.receivedMs = this.#number(NS_DIGITS_BELOW_MS);
    this.delivery = this.#number(0);
    this.sequence = this.#number(0);
    if (tokens < TOKENS_MIN || Number.isNaN(this.pending + this.receivedMs + this.delivery + this.sequence))
      throw new HourglassError(`the broker sent the reply subject ${reply}`, {
        fault: 'environment',
        retry: false,
        advice: 'Use nats-server 2.10 or newer.',
      });
  }

  /** The whole number before the place read last, without so many of its last digits; NaN where there is none. */
  #number(without: number): number {
    const text = this.#text;
    let at = this.#at - 1;
    let value = 0;
    let place = 1;
    const end = at;
    for (; at >= 0; at--) {
      const unit = text.charCodeAt(at);
      if (unit === DOT) break;
      if (unit < ZERO || unit > NINE) return NaN;
      if (end - at < without) continue;
      value += (unit - ZERO) * place;
      place *= 10;
    }
    this.#at = at;
    return at === end ? NaN : value;
  }
}

function countTokens(subject: string): number {
  let tokens = 1;
  for (let at = subject.indexOf('.'); at >= 0; at = subject.indexOf('.', at + 1)) tokens += 1;
  return tokens;
}
