/** Where thread-ender.ts is for Node to load: as worker threads, it cannot be TypeScript on every version we support. */
import { existsSync } from 'node:fs';
import { EnvironmentError } from '../model/errors.ts';

/** A `file:` URL. @throws {EnvironmentError} where the program was not built. */
export function threadEnderFile(): string {
  const folder = import.meta.url.endsWith('.ts') ? '../../dist/drill/' : './';
  const file = new URL(`${folder}thread-ender.js`, import.meta.url);
  if (!existsSync(file)) throw new EnvironmentError(`${file.pathname} is missing`, 'Run `npm run build`.');
  return file.href;
}
