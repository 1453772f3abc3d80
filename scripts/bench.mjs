/** `npm run bench [-- --only NAME] [--size tiny|small|full]`: see bench/README.md. */
import { runCompiled } from './run-compiled.mjs';

process.exitCode = runCompiled('bench/main.ts', process.argv.slice(2));
