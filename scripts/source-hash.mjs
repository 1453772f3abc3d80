/** What a build was made from, as one hash: sources without tests, compiler settings, packages. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));

export const HASH_FILE = at('dist/.source-hash');

export function sourceHash() {
  const sources = ['src', 'web'].flatMap((folder) =>
    readdirSync(at(folder), { recursive: true })
      .filter((name) => /\.(css|html|json|svg|tsx?)$/.test(name) && !name.endsWith('.test.ts'))
      .map((name) => `${folder}/${name}`),
  );
  const hash = createHash('sha256');
  for (const name of [
    ...sources.sort((a, b) => (a < b ? -1 : 1)),
    'tsconfig.json',
    'tsconfig.build.json',
    'package-lock.json',
  ]) {
    hash
      .update(`${name}\0`)
      .update(readFileSync(at(name)))
      .update('\0');
  }
  return hash.digest('hex');
}
