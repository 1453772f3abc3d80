/** Where the real nats-server is, as the program itself looks for it. Boundary: tests only. */
import { natsServerBinary as find } from '../../src/embedded/binaries.ts';

export function natsServerBinary(): string {
  return find(process.env);
}
