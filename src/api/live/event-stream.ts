/**
 * Live hours as Server-Sent Events (HTML Living Standard, section 9.2).
 *
 * Boundary: a subscription in, the body of an answer out. Back pressure: the next chunk is made when the socket has
 * taken the one before.
 */
import { LIVE_RETRY_MS } from '../../model/limits.ts';
import type { LiveEvent } from './city-feed.ts';
import type { Subscription } from './subscription.ts';

const RETRY = `retry: ${String(LIVE_RETRY_MS)}\n\n`;
const HEARTBEAT = ': nothing new\n\n';

/** @param cut ends the connection of a client that takes nothing: it would not see the end of the stream either. */
export function eventStream(subscription: Subscription, cut: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let isOpened = false;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        subscription.onEnd((why) => {
          if (why === 'too-slow') cut();
          else if (why !== 'closed') controller.close();
        });
      },
      async pull(controller) {
        if (!isOpened) {
          isOpened = true;
          // Sent at once, so that the client sees an open connection.
          controller.enqueue(encoder.encode(RETRY));
          return;
        }
        const events = await subscription.next();
        if (events !== null) controller.enqueue(encoder.encode(events.length === 0 ? HEARTBEAT : textOf(events)));
      },
      cancel: () => subscription.end('closed'),
    },
    { highWaterMark: 0 },
  );
}

function textOf(events: readonly LiveEvent[]): string {
  let text = '';
  for (const { id, data } of events) text += `id: ${id}\nevent: hour\ndata: ${data}\n\n`;
  return text;
}
