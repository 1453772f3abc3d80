/**
 * The socket of the API.
 *
 * Boundary: an app in, a listening server out. Back pressure of streams is Node's: a slow reader slows its own query.
 */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { EnvironmentError } from '../model/errors.ts';
import { API_CLOSE_MS_MAX, API_KEEP_ALIVE_MS } from '../model/limits.ts';

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
  app: { fetch: (request: Request) => Response | Promise<Response> },
  at: { host: string; port: number },
): Promise<ApiServer> {
  const server = await listen(app, at);
  const { port } = server.address() as AddressInfo;
  const host = at.host.includes(':') ? `[${at.host}]` : at.host;
  return {
    url: `http://${host}:${String(port)}`,
    port,
    close: () =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), API_CLOSE_MS_MAX);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        server.closeIdleConnections();
      }),
  };
}

function listen(app: Parameters<typeof startApi>[0], { host, port }: { host: string; port: number }): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: (request) => app.fetch(request), hostname: host, port }, () =>
      resolve(server),
    ) as Server;
    server.keepAliveTimeout = API_KEEP_ALIVE_MS;
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)));
  });
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
