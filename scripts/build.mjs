/**
 * `npm run build`: src/ to dist/, anew each time.
 *
 * The compiler writes beside dist/, which is replaced at the end: a build that fails leaves the old program whole.
 */
import { spawnSync } from 'node:child_process';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { HASH_FILE, sourceHash } from './source-hash.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const anew = (path) => rmSync(path, { recursive: true, force: true, maxRetries: 5 });

const hash = sourceHash();
anew(at('dist.next'));
const { status } = spawnSync(
  process.execPath,
  [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json', '--outDir', 'dist.next'],
  { cwd: root, stdio: 'inherit' },
);
if (status === 0) {
  anew(at('dist'));
  renameSync(at('dist.next'), at('dist'));
  writeFileSync(HASH_FILE, hash);
} else {
  anew(at('dist.next'));
  process.exitCode = status ?? 1;
}
