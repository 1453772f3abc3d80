/**
 * Payloads to batches: the first step of a reading inside a worker thread.
 *
 * Job: tells the formats apart and turns what cannot be read at all into a rejected message. Boundary: pure memory;
 * one decoder per thread, whose batch is reused from call to call.
 * Invariants: never throws for any payload; one bad reading spoils no other; each reading of the message is usable,
 * or rejected for one reason, never both.
 */
import { ByteSpan } from '../../model/byte-span.ts';
import type { Decoded, ReadingBatch } from '../../model/reading.ts';
import { Columns } from './columns.ts';
import { FrameDecoder } from './frame.ts';
import { MalformedPayload } from './malformed.ts';
import { SenmlDecoder } from './senml.ts';

type Format = 'senml' | 'frame';

const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['application/senml+json', 'senml'],
  ['application/json', 'senml'],
  ['application/msgpack', 'frame'],
]);

export class Decoder {
  readonly #columns = new Columns();
  readonly #senml = new SenmlDecoder(this.#columns);
  readonly #frames = new FrameDecoder(this.#columns);
  /** Of the message before: sources repeat. */
  #contentType: string | undefined;
  #format: Format | undefined;

  /**
   * @param contentType the header's value; undefined, or one we do not know, leaves it to the first byte.
   * @param channel the full subject the message came by: frames of one channel share remembered names.
   * @param source the subject's last token: the sensor of readings that name none.
   * @param receivedMs the broker's time of the message, ms since 1970 UTC, whole.
   * @returns the batch, valid until the next call; or why the message as a whole is `malformed`.
   */
  decode(
    payload: Uint8Array,
    contentType: string | undefined,
    channel: string,
    source: string,
    receivedMs: number,
  ): Decoded {
    return this.decodeSpan(ByteSpan.of(payload), contentType, channel, source, receivedMs);
  }

  /** {@link decode} for a payload inside other bytes. */
  decodeSpan(
    payload: ByteSpan,
    contentType: string | undefined,
    channel: string,
    source: string,
    receivedMs: number,
  ): Decoded {
    try {
      if (contentType !== this.#contentType) {
        this.#contentType = contentType;
        this.#format = formatOf(contentType);
      }
      return { ok: true, batch: this.#decodeAs(this.#format ?? sniff(payload), payload, channel, source, receivedMs) };
    } catch (error) {
      if (!(error instanceof MalformedPayload)) throw error;
      return { ok: false, reject: { reason: 'malformed', detail: error.message } };
    }
  }

  #decodeAs(format: Format, payload: ByteSpan, channel: string, source: string, receivedMs: number): ReadingBatch {
    switch (format) {
      case 'senml':
        return this.#senml.decode(payload, source, receivedMs);
      case 'frame':
        return this.#frames.decode(payload.view(), channel, source);
    }
  }
}

/** Whether a `Content-Type` names a format we read; HTTP answers any other with 415. */
export function isKnownContentType(contentType: string): boolean {
  return formatOf(contentType) !== undefined;
}

function formatOf(contentType: string | undefined): Format | undefined {
  if (contentType === undefined) return undefined;
  const known = FORMATS.get(contentType);
  if (known !== undefined) return known;
  const parameters = contentType.indexOf(';');
  const mediaType = parameters < 0 ? contentType : contentType.slice(0, parameters);
  return FORMATS.get(mediaType.trim().toLowerCase());
}

/** `[` or `{` after a byte order mark and JSON's white space is JSON; anything else is MessagePack. */
function sniff({ bytes, start, end }: ByteSpan): Format {
  let at = start;
  if (end - start >= 3 && bytes[at] === 0xef && bytes[at + 1] === 0xbb && bytes[at + 2] === 0xbf) at += 3;
  while (at < end && isWhiteSpace(bytes[at])) at += 1;
  if (at >= end) throw new MalformedPayload('the payload is empty');
  return bytes[at] === 0x5b || bytes[at] === 0x7b ? 'senml' : 'frame';
}

function isWhiteSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
