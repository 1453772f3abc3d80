/**
 * Where the embedded broker answers questions about itself (nats-server's monitoring endpoint).
 *
 * Boundary: reads the file in which the server writes its ports down; asks nothing. The port changes with every start.
 */
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { brokerPid } from './data-folder.ts';

const portsSchema = z.object({ monitoring: z.array(z.string()).min(1) });
const SUFFIX = '.ports';

/** `http://127.0.0.1:<port>`; null where no broker runs on this data folder. */
export function embeddedMonitorUrl(dataDir: string): string | null {
  const folder = join(resolve(dataDir), 'nats');
  try {
    const pid = brokerPid(folder);
    const file = readdirSync(folder).find((name) => name.endsWith(`_${String(pid)}${SUFFIX}`));
    if (file === undefined) return null;
    return portsSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))).monitoring[0] ?? null;
  } catch {
    return null;
  }
}

/** What brokers that were killed have left. */
export function forgetMonitors(folder: string): void {
  for (const name of readdirSync(folder)) if (name.endsWith(SUFFIX)) rmSync(join(folder, name), { force: true });
}
