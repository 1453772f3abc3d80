/**
 * `npm run build`: src/ to dist/, web/ to dist/web/, anew each time.
 *
 * Both are made beside dist/, which is replaced at the end: a build that fails leaves the old program whole.
 * What text a browser asks for is compressed here, once, and as small as it gets.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { HASH_FILE, sourceHash } from './source-hash.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const anew = (path) => rmSync(path, { recursive: true, force: true, maxRetries: 5 });

const hash = sourceHash();
anew(at('dist.next'));
const status = compile() || bundle();
if (status === 0) {
  compress(at('dist.next/web'));
  anew(at('dist'));
  renameSync(at('dist.next'), at('dist'));
  writeFileSync(HASH_FILE, hash);
} else {
  anew(at('dist.next'));
  process.exitCode = status;
}

function compile() {
  return run('typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', 'dist.next');
}

function bundle() {
  return run(
    'vite/bin/vite.js',
    'build',
    'web',
    '--outDir',
    at('dist.next/web'),
    '--emptyOutDir',
    '--logLevel',
    'warn',
  );
}

/** Gives the exit code. */
function run(tool, ...args) {
  const { status: code } = spawnSync(process.execPath, [at(`node_modules/${tool}`), ...args], {
    cwd: root,
    stdio: 'inherit',
  });
  return code ?? 1;
}

/** Beside each file of text: the same as Brotli (.br) and gzip (.gz). */
function compress(folder) {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/\.(css|html|js|svg)$/.test(entry.name)) continue;
    const path = `${entry.parentPath}/${entry.name}`;
    const bytes = readFileSync(path);
    writeFileSync(`${path}.br`, brotliCompressSync(bytes));
    writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  }
}
