/** `npm run profile [-- --path singles|numbered|frames]`: see bench/README.md. */
import { runCompiled } from './run-compiled.mjs';

process.exitCode = runCompiled('bench/profile.ts', process.argv.slice(2));
