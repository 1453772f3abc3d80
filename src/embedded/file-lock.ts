/**
 * A lock on a file that the kernel keeps: it ends with the last process that holds it, `kill -9` included.
 *
 * Boundary: flock(2), which Node does not offer, called through ffi-rs. A child that inherits the descriptor holds the
 * lock too; so a free lock says that a whole family of processes has ended. Linux and macOS.
 */
import { closeSync, openSync } from 'node:fs';
import { EnvironmentError } from '../model/errors.ts';

const LOCK_EXCLUSIVE = 2;
const LOCK_AT_ONCE = 4;
/** errno of a lock that somebody else holds: EAGAIN of Linux, EWOULDBLOCK of macOS. */
const HELD = new Set([11, 35]);

/** Null: taken; else the errno and its text. */
type Flock = (descriptor: number) => { errnoCode: number; errnoMessage: string } | null;

let flock: Flock | null = null;

/** The descriptor that holds the lock (close it to let go), or null where somebody else holds it. */
export async function takeLock(file: string): Promise<number | null> {
  flock ??= await loadFlock();
  const descriptor = openSync(file, 'a');
  const refused = flock(descriptor);
  if (refused === null) return descriptor;
  closeSync(descriptor);
  if (HELD.has(refused.errnoCode)) return null;
  throw new EnvironmentError(
    `cannot lock ${file}: ${refused.errnoMessage}`,
    'Set HOURGLASS_DATA_DIR to a folder on a disk of this machine.',
  );
}

/** Loaded when needed: other commands do without native code. */
async function loadFlock(): Promise<Flock> {
  const { DataType, load, open } = await import('ffi-rs');
  // No path: the functions of this process itself, which has the C library.
  open({ library: 'c', path: '' });
  return (descriptor) => {
    const answer = load({
      library: 'c',
      funcName: 'flock',
      retType: DataType.I32,
      paramsType: [DataType.I32, DataType.I32],
      paramsValue: [descriptor, LOCK_EXCLUSIVE | LOCK_AT_ONCE],
      errno: true,
    });
    if (typeof answer === 'number') throw new Error('flock gave no errno');
    return answer.value === 0 ? null : answer;
  };
}
