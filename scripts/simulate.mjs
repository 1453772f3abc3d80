/** `npm run simulate [-- --seed S] [--runs N]`: see test/sim/main.ts. */
import { runCompiled } from './run-compiled.mjs';

process.exitCode = runCompiled('test/sim/main.ts', process.argv.slice(2));
