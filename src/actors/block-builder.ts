/**
 * Windows into blocks of columns (fact-columns.ts).
 *
 * Job: numbers blocks, fills them, cuts them. Boundary: memory only; the caller puts the blocks into its outbox.
 * Invariant 4: a block holds one month, at most BLOCK_ROWS_MAX rows, and at most one row per (series, hour):
 * a window whose hour already stands in the block begins a new one.
 */
import { monthOf } from '../model/hour.ts';
import { BLOCK_BYTES_MAX, BLOCK_ROWS_MAX } from '../model/limits.ts';
import { channelTexts, FactColumnsWriter } from './fact-columns.ts';
import type { HourWindow } from './hour-window.ts';
import type { SealedBlock } from './outbox.ts';
import type { SeriesIndex } from './series-index.ts';

/** Room for one row of the longest names: five of 256 bytes, and a run. */
const ROW_BYTES_MAX = 2_048;

/** Of all builders of a thread, which build one after the other: it grows to twice the largest block, once. */
const writer = new FactColumnsWriter();

export class BlockBuilder {
  readonly #partition: number;
  readonly #incarnation: number;
  #texts: (Uint8Array | undefined)[] = [];
  #textsGeneration = -1;
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
    this.#forgetOldTexts(series);
    const blocks: SealedBlock[] = [];
    let hours = new Set<number>();
    let rows = 0;
    let readings = 0;
    let month = 0;
    const cut = (): void => {
      if (rows === 0) return;
      const key = { partition: this.#partition, block: this.#nextBlock, incarnation: this.#incarnation };
      blocks.push({ block: this.#nextBlock, month, rows, readings, bytes: writer.take(key) });
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
      writer.begin(window.hour, window.late);
      window.forEachCell((cell) => {
        if (rows === BLOCK_ROWS_MAX || writer.length > BLOCK_BYTES_MAX - ROW_BYTES_MAX) {
          cut();
          hours.add(window.hour);
          writer.begin(window.hour, window.late);
        }
        const { slot } = cell;
        const sensor = { bytes: names.bytes, start: names.start(slot), end: names.end(slot) };
        const channel = series.channelIdOf(slot);
        writer.row(channel, this.#textsOf(series, channel, slot), sensor, cell);
        rows += 1;
        readings += cell.count;
      });
      window.release();
    }
    cut();
    return blocks;
  }

  #textsOf(series: SeriesIndex, channel: number, slot: number): Uint8Array {
    return (this.#texts[channel] ??= channelTexts(series.channelOf(slot)));
  }

  #forgetOldTexts(series: SeriesIndex): void {
    if (series.generation === this.#textsGeneration) return;
    this.#texts = [];
    this.#textsGeneration = series.generation;
  }
}
