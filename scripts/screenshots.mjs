/** `npm run screenshots`: docs/screenshots anew, by the browser tests, from the program with its demo and from one that asks for a key. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url));
const { status } = spawnSync(process.execPath, [vitest, 'run', 'test/e2e/dashboard', '-t', 'screenshots'], {
  env: { ...process.env, SCREENSHOTS: '1' },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
