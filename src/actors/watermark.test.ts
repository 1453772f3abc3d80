import fc from 'fast-check';
import { expect, it } from 'vitest';
import { PARTITION_IDLE_MS, Watermark } from './watermark.ts';

const DISORDER_MS = 5_000;

it('is the lesser of event time and broker time, less the allowed disorder', () => {
  const watermark = new Watermark(DISORDER_MS);
  watermark.observe(100_000, 200_000);
  expect(watermark.ms).toBe(95_000);
  watermark.observe(900_000, 210_000);
  expect(watermark.ms).toBe(205_000);
});

it('follows the frontier only where the partition has been without messages for a while', () => {
  const watermark = new Watermark(DISORDER_MS);
  watermark.observe(100_000, 200_000);
  watermark.followFrontier(200_000 + PARTITION_IDLE_MS - 1);
  expect(watermark.ms).toBe(95_000);
  watermark.followFrontier(200_000 + PARTITION_IDLE_MS);
  expect(watermark.ms).toBe(200_000 + PARTITION_IDLE_MS - DISORDER_MS);
});

it('invariant 7: never falls, and never passes what the broker has said, whatever comes in whatever order', () => {
  const time = fc.oneof(fc.nat(1_000_000), fc.constant(-Infinity), fc.constant(Infinity));
  const step = fc.oneof(
    fc.record({ event: time, received: fc.nat(1_000_000) }),
    fc.record({ frontier: fc.nat(1_000_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const watermark = new Watermark(DISORDER_MS);
      let brokerMs = 0;
      for (const one of steps) {
        const before = watermark.ms;
        if ('frontier' in one) watermark.followFrontier(one.frontier);
        else watermark.observe(one.event, one.received);
        brokerMs = Math.max(brokerMs, 'frontier' in one ? one.frontier : one.received);
        expect(watermark.ms).toBeGreaterThanOrEqual(before);
        expect(watermark.ms).toBeLessThanOrEqual(Math.max(0, brokerMs - DISORDER_MS));
      }
    }),
  );
});
