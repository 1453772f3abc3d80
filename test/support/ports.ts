/** Ports that nobody listens on. Boundary: tests only. */
import { freePorts } from '../../src/embedded/ports.ts';

export { freePorts };

/** One of the loopback interface. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}
