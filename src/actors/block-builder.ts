/**
 * Windows into blocks of rows.
 *
 * Job: numbers blocks, fills them, cuts them. Boundary: memory only; the caller puts the blocks into its outbox.
 * Invariant 4: a block holds one month, at most BLOCK_ROWS_MAX rows, and at most one row per (series, hour):
 * a window whose hour already stands in the block begins a new one.
 */
import { monthOf } from '../model/hour.ts';
import { BLOCK_BYTES_MAX, BLOCK_ROWS_MAX } from '../model/limits.ts';
import type { HourWindow } from './hour-window.ts';
import type { SealedBlock } from './outbox.ts';
import { channelPrefix, RowBinaryWriter } from './row-binary.ts';
import type { SeriesIndex } from './series-index.ts';

/** Room for one row of the longest names. */
const ROW_BYTES_MAX = 1024;

/** Of all builders of a thread, which build one after the other: it grows to twice the largest block, once. */
const writer = new RowBinaryWriter();

export class BlockBuilder {
  readonly #partition: number;
  readonly #incarnation: number;
  #prefixes: (Uint8Array | undefined)[] = [];
  #prefixGeneration = -1;
  #nextBlock: number;

  constructor(partition: number, incarnation: number, nextBlock: number) {
    this.#partition = partition;
    this.#incarnation = incarnation;
    this.#nextBlock = nextBlock;
  }

  /** The number of the next block to be sealed. */
  get nextBlock(): number {
    return this.#nextBlock;
  }

  /** Numbers below are taken: by rows of a commit that was lost (invariant 10). */
  skipTo(nextBlock: number): void {
    this.#nextBlock = Math.max(this.#nextBlock, nextBlock);
  }

  /** Seals the windows' cells and gives the windows' memory back. */
  build(windows: readonly HourWindow[], series: SeriesIndex): SealedBlock[] {
    this.#forgetOldPrefixes(series);
    const blocks: SealedBlock[] = [];
    let hours = new Set<number>();
    let rows = 0;
    let readings = 0;
    let month = 0;
    const cut = (): void => {
      if (rows === 0) return;
      blocks.push({ block: this.#nextBlock, month, rows, readings, bytes: writer.take() });
      this.#nextBlock += 1;
      hours = new Set();
      rows = 0;
      readings = 0;
    };
    const { names } = series;
    for (const window of windows) {
      const windowMonth = monthOf(window.hour);
      if (windowMonth !== month || hours.has(window.hour)) cut();
      month = windowMonth;
      hours.add(window.hour);
      window.forEachCell((cell) => {
        if (rows === BLOCK_ROWS_MAX || writer.length > BLOCK_BYTES_MAX - ROW_BYTES_MAX) {
          cut();
          hours.add(window.hour);
        }
        const key = { partition: this.#partition, block: this.#nextBlock, incarnation: this.#incarnation };
        const { slot } = cell;
        const sensor = { bytes: names.bytes, start: names.start(slot), end: names.end(slot) };
        writer.row(key, this.#prefixOf(series, slot), sensor, window.hour, window.late, cell);
        rows += 1;
        readings += cell.count;
      });
      window.release();
    }
    cut();
    return blocks;
  }

  #prefixOf(series: SeriesIndex, slot: number): Uint8Array {
    const id = series.channelIdOf(slot);
    return (this.#prefixes[id] ??= channelPrefix(series.channelOf(slot)));
  }

  #forgetOldPrefixes(series: SeriesIndex): void {
    if (series.generation === this.#prefixGeneration) return;
    this.#prefixes = [];
    this.#prefixGeneration = series.generation;
  }
}
