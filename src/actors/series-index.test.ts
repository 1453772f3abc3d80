import { describe, expect, it } from 'vitest';
import { SeriesIndex } from './series-index.ts';

const CHANNELS = 70_000;
const subject = { city: 'c', district: 'd', kind: 'k', source: 'g' };
const name = (at: number): Uint8Array => Buffer.from(`sensor-${String(at)}`);

/** A series in each of so many channels. */
function filled(): SeriesIndex {
  const index = new SeriesIndex();
  for (let at = 0; at < CHANNELS; at++) {
    const bytes = name(at);
    expect(index.slotOf(index.channelId(subject, `m${String(at)}`), bytes, 0, bytes.length)).toBe(at);
  }
  return index;
}

function expectAll(index: SeriesIndex, slots: Iterable<readonly [number, number]>): void {
  for (const [at, slot] of slots) {
    const bytes = name(at);
    if (index.channelOf(slot).metric !== `m${String(at)}`) expect.fail(`channel of ${String(at)}`);
    if (index.slotOf(index.channelId(subject, `m${String(at)}`), bytes, 0, bytes.length) !== slot)
      expect.fail(`slot of ${String(at)}`);
    if (Buffer.compare(index.nameBytes(slot), bytes) !== 0) expect.fail(`name of ${String(at)}`);
  }
}

const same = Array.from({ length: CHANNELS }, (_, at) => [at, at] as const);

describe('the index of series, with more channels than 16 bits can number', () => {
  it('finds each again, also from its segments', () => {
    const index = filled();
    expectAll(index, same);
    const segment = index.takeSegment();
    const restored = new SeriesIndex();
    restored.restore(segment!);
    expectAll(restored, same);
    expect(restored.size).toBe(CHANNELS);
  });

  it('keeps those it is told to', () => {
    const index = filled();
    const moved = index.compact((slot) => slot % 7 === 0);
    const kept = same.flatMap(([at]) => (at % 7 === 0 ? [[at, moved[at]!] as const] : []));
    expectAll(index, kept);
    expect(index.size).toBe(kept.length);
  });
});
