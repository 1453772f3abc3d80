/**
 * Live hours over a WebSocket: one message an event, `{"id","event":"hour","data"}`.
 *
 * Boundary: a subscription in, messages out; what the client sends is passed over. Back pressure: the next events are
 * taken when the last message has left for the network.
 */
import type { WebSocket } from 'ws';
import type { LiveEvent } from './city-feed.ts';
import type { LiveEnd, Subscription } from './subscription.ts';

/** RFC 6455, section 7.4.1, and the registry of IANA. */
const CLOSE: Record<Exclude<LiveEnd, 'closed' | 'too-slow'>, [code: number, reason: string]> = {
  closing: [1001, 'the server is closing; come back'],
  'too-large': [1013, 'this city has too many open hours to follow them live'],
};

/** Feeds a socket until it or the subscription ends. */
export async function feedSocket(socket: WebSocket, subscription: Subscription): Promise<void> {
  let isAlive = true;
  socket.on('pong', () => (isAlive = true));
  socket.on('close', () => subscription.end('closed'));
  subscription.onEnd((why) => {
    if (why === 'too-slow') socket.terminate();
    else if (why !== 'closed') socket.close(...CLOSE[why]);
  });
  for (let events = await subscription.next(); events !== null; events = await subscription.next()) {
    if (events.length > 0) {
      await send(socket, events);
    } else if (isAlive) {
      isAlive = false;
      socket.ping();
    } else {
      socket.terminate();
    }
  }
}

/** Resolves when the last of them is with the network, or the socket is gone. */
async function send(socket: WebSocket, events: readonly LiveEvent[]): Promise<void> {
  let sent: Promise<void> | undefined;
  for (const { id, data } of events) {
    sent = new Promise((resolve) => socket.send(`{"id":"${id}","event":"hour","data":${data}}`, () => resolve()));
  }
  await sent;
}
