/**
 * The dashboard's files as the build made them (dist/web), read once: some hundred kilobytes.
 *
 * Boundary: disk to memory. Where the program runs from its sources there are none, and then there is no dashboard.
 */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Dashboard, DashboardFile } from '../api/ports.ts';

/** Beside dist/cli. */
const FOLDER = fileURLToPath(new URL('../web', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const HASH_CHARS = 20;

/** Null where the dashboard was not built. */
export function readDashboard(folder = FOLDER): Dashboard | null {
  if (!existsSync(join(folder, 'index.html'))) return null;
  const files = new Map<string, DashboardFile>();
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const type = TYPES[extname(entry.name)];
    if (!entry.isFile() || type === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    files.set(relative(folder, path).replaceAll(sep, '/'), readFile(path, type));
  }
  return files;
}

function readFile(path: string, type: string): DashboardFile {
  const identity = bytesOf(path);
  const hash = createHash('sha256').update(identity).digest('base64url').slice(0, HASH_CHARS);
  const br = existsSync(`${path}.br`) ? { br: bytesOf(`${path}.br`) } : {};
  const gzip = existsSync(`${path}.gz`) ? { gzip: bytesOf(`${path}.gz`) } : {};
  return { type, hash, bodies: { identity, ...br, ...gzip } };
}

/** A buffer of its own: responses take no views of a shared pool. */
function bytesOf(path: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(readFileSync(path));
}
