/**
 * The file of API keys, read again when it changes: a key is given or taken without a restart.
 *
 * Boundary: one file; its text is understood by api-keys.ts. The file is looked at when a key is asked for, at most every
 * KEY_FILE_LOOK_MS. Lines that cannot be read let nobody in and are said; a file that cannot be read leaves the keys as
 * they were, since a mounted secret may be away for a moment: empty it to take all keys.
 */
import { readFile, stat } from 'node:fs/promises';
import type { Clock } from '../../model/clock.ts';
import { ConfigError } from '../../model/errors.ts';
import { KEY_FILE_LOOK_MS } from '../../model/limits.ts';
import { findKey, parseKeys, type ApiKey } from './api-keys.ts';

export class KeyFile {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #warn: (text: string) => void;
  #keys: readonly ApiKey[];
  #version: string;
  #lookedMs: number;
  #looking: Promise<void> | null = null;

  private constructor(
    path: string,
    clock: Clock,
    warn: (text: string) => void,
    first: { keys: readonly ApiKey[]; version: string },
  ) {
    this.#path = path;
    this.#clock = clock;
    this.#warn = warn;
    this.#keys = first.keys;
    this.#version = first.version;
    this.#lookedMs = clock.monotonicMs();
  }

  /** @throws {ConfigError} where the file cannot be read, or a line of it. */
  static async open(path: string, clock: Clock, warn: (text: string) => void): Promise<KeyFile> {
    const advice = 'Make keys and their lines with `hourglass key NAME --scopes read`.';
    try {
      const version = await versionOf(path);
      const { keys, problems } = parseKeys(await readFile(path, 'utf8'));
      if (problems.length > 0) throw new ConfigError(`HOURGLASS_API_KEYS_FILE ${path}: ${problems.join('; ')}`, advice);
      return new KeyFile(path, clock, warn, { keys, version });
    } catch (error) {
      if (error instanceof ConfigError) throw error;
      throw new ConfigError(`HOURGLASS_API_KEYS_FILE ${path} cannot be read: ${String(error)}`, advice);
    }
  }

  async find(secret: string): Promise<ApiKey | null> {
    if (this.#clock.monotonicMs() - this.#lookedMs >= KEY_FILE_LOOK_MS) {
      this.#looking ??= this.#look().finally(() => (this.#looking = null));
      await this.#looking;
    }
    return findKey(this.#keys, secret);
  }

  async #look(): Promise<void> {
    try {
      const version = await versionOf(this.#path);
      if (version !== this.#version) {
        const { keys, problems } = parseKeys(await readFile(this.#path, 'utf8'));
        this.#keys = keys;
        this.#version = version;
        this.#warn(`${this.#path} has changed: ${String(keys.length)} key(s)`);
        for (const problem of problems) this.#warn(`${this.#path}, ${problem}; it lets nobody in`);
      }
    } catch (error) {
      this.#warn(`${this.#path} cannot be read, the keys stay as they were: ${String(error)}`);
    }
    this.#lookedMs = this.#clock.monotonicMs();
  }
}

/** Changes when the file is written, replaced, or mounted anew. */
async function versionOf(path: string): Promise<string> {
  const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
  return [ino, size, mtimeNs, ctimeNs].join('.');
}
