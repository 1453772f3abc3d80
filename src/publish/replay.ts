/**
 * A file of recorded readings to the broker, in file order: the `replay` command and the demo's sample.
 *
 * Boundary: puts file, messages, pace and publisher together.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { randomUUID } from 'node:crypto';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { Log } from '../model/log.ts';
import { type Addressing, type Format, MessageBuilder, type OutgoingMessage } from './message-builder.ts';
import { Pace } from './pace.ts';
import { type Published, Publisher } from './publisher.ts';
import { readCsv } from './reading-csv.ts';

export interface ReplayOptions {
  readonly to: Addressing;
  readonly format: Format;
  /** Readings of one message at most. */
  readonly batch: number;
  /** Readings a second; undefined: as fast as the broker takes them. */
  readonly rate?: number | undefined;
  /** Adds `Nats-Msg-Id`s that are the same for the same file and options. */
  readonly withMessageIds?: boolean;
  /** Default: a new one, so that a file replayed again counts again. */
  readonly session?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (fileBytes: number, published: Published) => void;
}

/**
 * Resolves when everything is acknowledged, or what was sent before the signal came.
 *
 * @throws {ConfigError} for a file that cannot be read. @throws {EnvironmentError} where the broker refuses.
 */
export async function replayFile(
  ports: { nc: NatsConnection; clock: Clock; log: Log },
  file: string,
  options: ReplayOptions,
): Promise<Published> {
  const { to, format, batch, rate, signal, onProgress } = options;
  const publisher = new Publisher(ports.nc, ports.clock, ports.log, { session: options.session ?? randomUUID() });
  const builder = new MessageBuilder(to, format, batch);
  const pace = rate === undefined ? null : new Pace(ports.clock, rate);
  const digest = options.withMessageIds === true ? await digestOf(file, `${format} ${String(batch)}`) : null;
  let count = 0;
  const send = async (message: OutgoingMessage): Promise<void> => {
    await pace?.take(message.readings, signal);
    if (signal?.aborted === true) return;
    const messageId = digest === null ? undefined : `${message.publisher}.${digest}.${String(count)}`;
    count += 1;
    await publisher.publish(message, messageId);
  };
  let fileBytes = 0;
  const csvOptions = {
    onProgress: (bytes: number): void => void (fileBytes = bytes),
    ...(signal === undefined ? {} : { signal }),
  };
  try {
    for await (const readings of readCsv(file, csvOptions)) {
      for (const reading of readings) {
        const message = builder.add(reading);
        if (message !== null) await send(message);
        if (signal?.aborted === true) break;
      }
      onProgress?.(fileBytes, publisher.published);
      if (signal?.aborted === true) break;
    }
    const last = builder.end();
    if (last !== null) await send(last);
  } finally {
    // Also before an error in the file is told: what was sent is sent.
    await publisher.drain();
    onProgress?.(fileBytes, publisher.published);
  }
  return publisher.published;
}

/** What makes two replays the same: the bytes of the file and how they are cut into messages. */
async function digestOf(file: string, salt: string): Promise<string> {
  const hash = createHash('sha256').update(salt);
  const stream = createReadStream(file).on('data', (chunk) => hash.update(chunk));
  await once(stream, 'end');
  return hash.digest('base64url').slice(0, 22);
}
