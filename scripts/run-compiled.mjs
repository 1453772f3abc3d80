/** Compiles benchmarks, simulation or chaos beside a copy of the sources (.work/build/), and runs one of them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** @param entry path of the TypeScript file. Gives the exit code. */
export function runCompiled(entry, args) {
  // A folder for each run: it starts processes from there for hours, while others compile.
  const folder = `.work/build/${entry.replaceAll('/', '-').replace(/\.ts$/, '')}-${process.pid}`;
  rmSync(at(folder), { recursive: true, force: true });
  mkdirSync(at(folder), { recursive: true });
  try {
    const tsc = [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.work.json', '--outDir', folder];
    const compiled = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' });
    if (compiled.status !== 0) return compiled.status ?? 1;
    // Table definitions, servers and the version are found beside the program.
    for (const name of ['infra', 'node_modules', 'package.json']) symlinkSync(at(name), at(`${folder}/${name}`));
    const program = at(`${folder}/${entry.replace(/\.ts$/, '.js')}`);
    const node = ['--enable-source-maps', '--expose-gc', program, ...args];
    return spawnSync(process.execPath, node, { stdio: 'inherit' }).status ?? 1;
  } finally {
    rmSync(at(folder), { recursive: true, force: true });
  }
}
