/**
 * Where the worker thread's program is: the one place that knows about `dist` and `src`.
 *
 * A thread cannot load TypeScript on every Node version we support, so a host started from the sources (tests)
 * runs the built one.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { EnvironmentError } from '../model/errors.ts';

/** @throws {EnvironmentError} where the program was not built. */
export function hostWorkerFile(): string {
  const fromSources = import.meta.url.endsWith('.ts');
  const file = fileURLToPath(
    new URL(fromSources ? '../../dist/runtime/host.worker.js' : './host.worker.js', import.meta.url),
  );
  if (!existsSync(file)) throw new EnvironmentError(`${file} is missing`, 'Run `npm run build`.');
  return file;
}
