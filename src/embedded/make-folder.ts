/**
 * A folder and those above it.
 *
 * Why not `mkdirSync(folder, { recursive: true })`: where a folder that is there refuses new ones with "no such file", as /proc does,
 * it tries for ever.
 */
import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** @throws as `mkdirSync`, of the first folder that cannot be made. */
export function makeFolder(folder: string): void {
  if (isFolder(folder)) return;
  if (dirname(folder) !== folder) makeFolder(dirname(folder));
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another program may have made it meanwhile.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
