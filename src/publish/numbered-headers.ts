/**
 * Headers of messages that differ in the number of their `Hourglass-Seq` alone.
 *
 * Boundary: the library's headers, checked and laid out by it once; a message then costs its number. One object serves many
 * messages one after the other: a publish encodes at once.
 */
import { MsgHdrsImpl } from '@nats-io/transport-node';

/** What ends a block of headers. */
const END = '\r\n\r\n';

export class NumberedHeaders extends MsgHdrsImpl {
  readonly #start: string;
  #number = 0;

  constructor(contentType: string, session: string) {
    super();
    this.set('Content-Type', contentType);
    // Set last, so that the number is the last thing in the block.
    this.set('Hourglass-Seq', `${session}:`);
    this.#start = this.toString().slice(0, -END.length);
  }

  of(number: number): this {
    this.#number = number;
    return this;
  }

  override encode(): Uint8Array {
    return Buffer.from(`${this.#start}${String(this.#number)}${END}`, 'utf8');
  }
}
