/**
 * Requests that offer to change the protocol.
 *
 * Job: hands WebSockets on, and answers every other offer as the plain request that it also is (RFC 9110, 7.8). Node
 * does the latter only where nobody listens for upgrades: with WebSockets, `Upgrade: h2c`, which Java's client sends
 * with its first request, would never be answered. Boundary: a server's event; no request is answered here.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** To be called when the server's listener for WebSockets is there. */
export function takeOnlyWebSockets(server: Server): void {
  const [webSocket] = server.listeners('upgrade') as Upgrade[];
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      webSocket?.call(server, request, socket, head);
      return;
    }
    // The connection begins again, with the same request without the offer.
    if (head.length > 0) socket.unshift(head);
    socket.unshift(withoutOffer(request));
    server.emit('connection', socket);
  });
}

const OFFER = new Set(['upgrade', 'http2-settings', 'connection']);

function withoutOffer({ method, url, httpVersion, rawHeaders, headers }: IncomingMessage): Buffer {
  let text = `${method ?? ''} ${url ?? ''} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!OFFER.has(name.toLowerCase())) text += `${name}: ${rawHeaders[at + 1] ?? ''}\r\n`;
  }
  if (/\bclose\b/i.test(headers.connection ?? '')) text += 'Connection: close\r\n';
  return Buffer.from(`${text}\r\n`, 'latin1');
}
