/**
 * `npm run verify`: everything but the tests that must hold before a change goes in.
 *
 * All steps run, also after one has failed. The last line is `verify: N passed, N failed`; exit code 1 where any failed.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const bin = (path) => at(`node_modules/${path}`);

const steps = [
  ['setup: packages as the lockfile says', at('scripts/setup.mjs')],
  ['format: prettier', bin('prettier/bin/prettier.cjs'), '--check', '--log-level', 'warn', '.'],
  ['lint: rules with types, import boundaries, cycles', bin('oxlint/bin/oxlint')],
  ['types: src, test, bench', bin('typescript/bin/tsc'), '-p', 'tsconfig.json', '--noEmit'],
  ['types: web', bin('typescript/bin/tsc'), '-p', 'web/tsconfig.json', '--noEmit'],
  ['unused files, exports and packages: knip', bin('knip/bin/knip.js'), '--no-progress'],
  ['build', at('scripts/build.mjs')],
  ['client: as /openapi.json says', at('scripts/client.mjs'), '--check'],
  ['performance: README as bench/results says', at('scripts/bench-table.mjs'), '--check'],
];

let failed = 0;
for (const [name, ...command] of steps) {
  const startMs = performance.now();
  const { status } = spawnSync(process.execPath, command, { cwd: at(''), stdio: 'inherit' });
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  if (status !== 0) failed++;
  console.log(`${status === 0 ? 'passed' : 'FAILED'}  ${name} (${seconds} s)`);
}
console.log(`verify: ${steps.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
