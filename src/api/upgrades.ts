/**
 * Requests that offer to change the protocol.
 *
 * Job: hands WebSockets on, and answers every other offer as the plain request that it also is (RFC 9110, 7.8). Node
 * does the latter only where nobody listens for upgrades: with WebSockets, `Upgrade: h2c`, which Java's client sends
 * with its first request, would never be answered. Boundary: a server's event; no request is answered here.
 *
 * Node's own way to decline (`shouldUpgradeCallback`, from 24.9 on) is of no use: it reads no further request of the connection.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { UPGRADE_BODY_BYTES_MAX } from '../model/limits.ts';

type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** From 25 on Node reads the request's body as such; before, it stands in `head` and in the socket, as it came. */
const IS_BODY_READ = Number(process.versions.node.split('.', 1)[0]) >= 25;

/** To be called when the server's listener for WebSockets is there. */
export function takeOnlyWebSockets(server: Server): void {
  const [webSocket] = server.listeners('upgrade') as Upgrade[];
  server.removeAllListeners('upgrade');
  server.on('upgrade', (request, socket, head) => {
    if (request.headers.upgrade?.toLowerCase() === 'websocket') {
      webSocket?.call(server, request, socket, head);
      return;
    }
    beginAgain(server, request, socket, head).catch(() => socket.destroy());
  });
}

/** The connection anew, with the same request without the offer. */
async function beginAgain(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  const body = await bodyOf(request);
  if (head.length > 0) socket.unshift(head);
  if (body !== null && body.length > 0) socket.unshift(body);
  socket.unshift(withoutOffer(request, body));
  server.emit('connection', socket);
}

/** Null where the body is still in the socket. @throws where it is too long, or breaks off. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | null> {
  if (!IS_BODY_READ) return null;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > UPGRADE_BODY_BYTES_MAX) throw new Error('the body of an upgrade is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

const OFFER = ['upgrade', 'http2-settings', 'connection'];
const FRAMING = ['content-length', 'transfer-encoding'];

function withoutOffer({ method, url, httpVersion, rawHeaders, headers }: IncomingMessage, body: Buffer | null): Buffer {
  const left = new Set(body === null ? OFFER : [...OFFER, ...FRAMING]);
  let text = `${method ?? ''} ${url ?? ''} HTTP/${httpVersion}\r\n`;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? '';
    if (!left.has(name.toLowerCase())) text += `${name}: ${rawHeaders[at + 1] ?? ''}\r\n`;
  }
  const hasBody = FRAMING.some((name) => headers[name] !== undefined);
  if (body !== null && hasBody) text += `Content-Length: ${String(body.length)}\r\n`;
  if (/\bclose\b/i.test(headers.connection ?? '')) text += 'Connection: close\r\n';
  return Buffer.from(`${text}\r\n`, 'latin1');
}
