/**
 * Are the ports free that we are about to use? All are looked at together and all problems are said in one line.
 *
 * Boundary: opens and closes listeners on the loopback interface.
 */
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { EnvironmentError } from '../model/errors.ts';

export const LOOPBACK = '127.0.0.1';

/** Where free ports are looked for: above what well-known servers use, below Linux's `ip_local_port_range` (others begin later). */
const LISTENED_PORT_MIN = 12_000;
const EPHEMERAL_PORT_MIN = 32_768;

/** What `freePorts` has named in this process, used or not. */
const given = new Set<number>();

export interface WantedPort {
  readonly variable: string;
  readonly port: number;
}

/** @throws {EnvironmentError} naming each port that cannot be used and the variable to change. */
export async function checkPorts(wanted: readonly WantedPort[]): Promise<void> {
  const answers = await Promise.all(wanted.map(({ port }) => whyNot(port)));
  const problems = wanted.flatMap(({ variable, port }, at) => {
    const twin = wanted.slice(0, at).find((other) => other.port === port);
    const why = twin === undefined ? answers[at] : `is that of ${twin.variable} too`;
    return why == null ? [] : [{ variable, text: `port ${String(port)} ${why}` }];
  });
  if (problems.length === 0) return;
  const variables = problems.map(({ variable }) => variable).join(' and ');
  throw new EnvironmentError(
    problems.map(({ text }) => text).join('; '),
    `Set ${variables} to ${problems.length === 1 ? 'a free port' : 'free ports'}, or end what uses ${problems.length === 1 ? 'it' : 'them'}.`,
    { retry: true },
  );
}

/** Null: it can be used. */
function whyNot(port: number): Promise<string | null> {
  return new Promise((answer) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') answer('is in use');
      else answer(`cannot be used (${error.code ?? error.message})`);
    });
    server.listen({ port, host: LOOPBACK, exclusive: true }, () => server.close(() => answer(null)));
  });
}

/**
 * Ports of the loopback interface that nobody listens on, all different.
 *
 * Not those an operating system would choose for a listener on port 0: they come from the range that it also takes for
 * connections that go out, so any client may have one between now and its use, and whenever a server of ours is down.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = randomInt(LISTENED_PORT_MIN, EPHEMERAL_PORT_MIN);
    if (given.has(port) || (await whyNot(port)) !== null) continue;
    given.add(port);
    ports.push(port);
  }
  return ports;
}
