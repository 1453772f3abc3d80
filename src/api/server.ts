/**
 * The socket of the API.
 *
 * Boundary: an app in, a listening server out. It bounds connections, in all and of one address, and how slowly a request
 * may come: who sends a byte a minute holds a descriptor for seconds, not for ever. Back pressure of streams is Node's: a slow reader slows its own query.
 */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { serve, type WebSocketServerLike } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { EnvironmentError } from '../model/errors.ts';
import {
  API_CLOSE_MS_MAX,
  API_CONNECTIONS_MAX,
  API_CONNECTIONS_PER_ADDRESS_MAX,
  API_KEEP_ALIVE_MS,
  HEADER_BYTES_MAX,
  LIVE_MESSAGE_BYTES_MAX,
  REQUEST_HEADERS_MS_MAX,
  REQUEST_MS_MAX,
  SLOW_CONNECTIONS_LOOK_MS,
} from '../model/limits.ts';
import { blockListOf } from './doors/addresses.ts';
import { takeOnlyWebSockets } from './upgrades.ts';

export interface ApiServer {
  readonly url: string;
  readonly port: number;
  /** Takes no more requests, lets open ones end for a while, then cuts them. */
  close(): Promise<void>;
}

/**
 * @param at port 0: any free one.
 * @throws {EnvironmentError} where the port cannot be had.
 */
export async function startApi(
  app: { fetch: (request: Request, env: object) => Response | Promise<Response> },
  at: { host: string; port: number; trustedProxies?: readonly string[] },
): Promise<ApiServer> {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: LIVE_MESSAGE_BYTES_MAX,
    perMessageDeflate: false,
  });
  const server = await listen(app, at, sockets);
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `http://${host}:${String(port)}`,
    port,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => {
          server.closeAllConnections();
          for (const socket of sockets.clients) socket.terminate();
        }, API_CLOSE_MS_MAX);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function listen(
  app: Parameters<typeof startApi>[0],
  { host, port, trustedProxies = [] }: Parameters<typeof startApi>[1],
  sockets: WebSocketServer,
): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: (request, env) => app.fetch(request, env),
        hostname: host,
        port,
        websocket: { server: sockets as WebSocketServerLike },
        serverOptions: {
          headersTimeout: REQUEST_HEADERS_MS_MAX,
          requestTimeout: REQUEST_MS_MAX,
          connectionsCheckingInterval: SLOW_CONNECTIONS_LOOK_MS,
          maxHeaderSize: HEADER_BYTES_MAX,
        },
      },
      () => resolve(server),
    ) as Server;
    takeOnlyWebSockets(server);
    server.keepAliveTimeout = API_KEEP_ALIVE_MS;
    server.maxConnections = API_CONNECTIONS_MAX;
    server.on('connection', boundPerAddress(trustedProxies));
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
  });
}

/** Cuts what one address opens beyond its share; a trusted proxy speaks for many. */
function boundPerAddress(trustedProxies: readonly string[]): (socket: Socket) => void {
  const trusted = blockListOf(trustedProxies);
  const open = new Map<string, number>();
  // A connection whose request offered an upgrade that we do not take comes a second time.
  const counted = new WeakSet<Socket>();
  return (socket) => {
    if (counted.has(socket)) return;
    counted.add(socket);
    const { remoteAddress: address, remoteFamily } = socket;
    if (address === undefined || trusted.check(address, remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4')) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > API_CONNECTIONS_PER_ADDRESS_MAX) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 0) - 1;
      if (left > 0) open.set(address, left);
      else open.delete(address);
    });
  };
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): EnvironmentError {
  if (error.code === 'EADDRINUSE') {
    return new EnvironmentError(`port ${String(port)} is in use`, 'Set HOURGLASS_HTTP_PORT to a free port.', {
      cause: error,
    });
  }
  return new EnvironmentError(
    `the API cannot listen on ${host}:${String(port)}: ${error.message}`,
    'Set HOURGLASS_HTTP_HOST to an address of this machine and HOURGLASS_HTTP_PORT to a port it may use.',
    { cause: error },
  );
}
