/**
 * Sealed blocks on their way to ClickHouse (invariants 2 to 4).
 *
 * Job: knows of each block whether a committed checkpoint holds it and whether ClickHouse has confirmed it.
 * Boundary: memory only. A block's life: `sealed` -> (a commit holds its bytes) `committed` -> (ClickHouse has
 * answered) `confirmed` -> (a later commit no longer lists it) gone.
 * Invariant 2: only committed blocks may be inserted. Invariant 13: {@link Outbox.bytes} is what back-pressure looks at.
 */

/** Rows, sealed: their bytes (fact-columns.ts) never change. */
export interface SealedBlock {
  readonly block: number;
  /** `YYYYMM`: the table partition of all its rows. */
  readonly month: number;
  readonly rows: number;
  readonly readings: number;
  readonly bytes: Uint8Array;
}

export type BlockState = 'sealed' | 'committed' | 'confirmed';

export interface OutboxEntry {
  readonly sealed: SealedBlock;
  /** Since when it has waited, ms since 1970. */
  readonly sinceMs: number;
  state: BlockState;
}

export class Outbox {
  readonly #entries = new Map<number, OutboxEntry>();
  #bytes = 0;
  #sealedBytes = 0;

  /** Bytes of all blocks not yet dropped. */
  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Bytes of the blocks that wait for a commit. */
  get sealedBytes(): number {
    return this.#sealedBytes;
  }

  /** @param sinceMs since when it has waited, ms since 1970. */
  add(sealed: SealedBlock, sinceMs: number, state: BlockState = 'sealed'): void {
    this.#entries.set(sealed.block, { sealed, sinceMs, state });
    this.#bytes += sealed.bytes.length;
    if (state === 'sealed') this.#sealedBytes += sealed.bytes.length;
  }

  /** True where the database has blocks that the last commit lists. */
  get hasConfirmed(): boolean {
    for (const { state } of this.#entries.values()) if (state === 'confirmed') return true;
    return false;
  }

  /** Since when the oldest block waits for the database, ms since 1970; 0 where none does. */
  oldestMs(): number {
    let oldestMs = Infinity;
    for (const { sinceMs, state } of this.#entries.values())
      if (state !== 'confirmed' && sinceMs < oldestMs) oldestMs = sinceMs;
    return oldestMs === Infinity ? 0 : oldestMs;
  }

  /** In the order of block numbers. */
  entries(): IterableIterator<OutboxEntry> {
    return this.#entries.values();
  }

  /** The blocks that the next manifest must list: all but the confirmed ones. */
  unconfirmed(): SealedBlock[] {
    return [...this.#entries.values()].filter((entry) => entry.state !== 'confirmed').map((entry) => entry.sealed);
  }

  /** A manifest that lists exactly `blocks` has been committed: they may be inserted; confirmed ones it leaves out are gone. */
  committed(blocks: readonly number[]): SealedBlock[] {
    const listed = new Set(blocks);
    const insertable: SealedBlock[] = [];
    for (const [number, entry] of this.#entries) {
      if (listed.has(number)) {
        if (entry.state === 'sealed') {
          entry.state = 'committed';
          this.#sealedBytes -= entry.sealed.bytes.length;
          insertable.push(entry.sealed);
        }
      } else if (entry.state === 'confirmed') {
        this.#entries.delete(number);
        this.#bytes -= entry.sealed.bytes.length;
      }
    }
    return insertable;
  }

  /** ClickHouse has the block. */
  confirm(block: number): void {
    const entry = this.#entries.get(block);
    if (entry) entry.state = 'confirmed';
  }

  /** True where every block below `block` is confirmed or gone. */
  confirmedBelow(block: number): boolean {
    for (const [number, entry] of this.#entries) if (number < block && entry.state !== 'confirmed') return false;
    return true;
  }
}
