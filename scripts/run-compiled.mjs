/** Compiles benchmarks and simulation beside a copy of the sources (.work/), and runs one of them. */
import { spawnSync } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** @param entry path of the TypeScript file. Gives the exit code. */
export function runCompiled(entry, args) {
  rmSync(at('.work'), { recursive: true, force: true });
  const tsc = [at('node_modules/typescript/bin/tsc'), '-p', 'tsconfig.work.json'];
  const compiled = spawnSync(process.execPath, tsc, { cwd: root, stdio: 'inherit' });
  if (compiled.status !== 0) return compiled.status ?? 1;
  // Table definitions and servers are found beside the program.
  for (const folder of ['infra', 'node_modules']) symlinkSync(at(folder), at(`.work/${folder}`));
  const program = at(`.work/${entry.replace(/\.ts$/, '.js')}`);
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', '--expose-gc', program, ...args], {
    stdio: 'inherit',
  });
  return status ?? 1;
}
