/**
 * The registry without its bucket: the index that answers is the program's, the test writes to it.
 *
 * Boundary: tests only, of what reads the registry; the registry itself is tested with a real broker.
 */
import type { Registry } from '../../src/api/ports.ts';
import { RegistryConflict } from '../../src/model/errors.ts';
import { bucketKey, type RegistryEntry, type RegistryKey } from '../../src/model/registry.ts';
import { RegistryIndex } from '../../src/runtime/registry/registry-index.ts';

export class MemoryRegistry extends RegistryIndex implements Registry {
  #revision = 0;

  write(entry: RegistryEntry, expected?: number | null): Promise<number> {
    const known = this.find(entry)?.revision ?? null;
    if (expected !== undefined && expected !== known) return Promise.reject(new RegistryConflict(bucketKey(entry)));
    this.#revision += 1;
    this.put(entry, this.#revision);
    return Promise.resolve(this.#revision);
  }

  async writeAll(entries: readonly RegistryEntry[]): Promise<void> {
    for (const entry of entries) await this.write(entry);
  }

  erase(key: RegistryKey, expected: number): Promise<void> {
    if (this.find(key)?.revision !== expected) return Promise.reject(new RegistryConflict(bucketKey(key)));
    this.#revision += 1;
    this.remove(bucketKey(key), this.#revision);
    return Promise.resolve();
  }
}
