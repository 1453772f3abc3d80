/** `npm run chaos -- --campaign NAME [--tries N] [--seed S]`, or `--minutes M`: see test/chaos/main.ts. */
import { runCompiled } from './run-compiled.mjs';

process.exitCode = runCompiled('test/chaos/main.ts', process.argv.slice(2));
