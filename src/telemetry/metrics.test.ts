import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../model/clock.ts';
import type { PartitionStatus } from '../model/cluster.ts';
import { emptyLedger } from '../model/ledger.ts';
import { createMetrics, type Metrics } from './metrics.ts';

const NOW = Date.UTC(2026, 10, 24, 12);
const statuses: PartitionStatus[] = [0, 1].map((partition) => ({
  partition,
  owner: 'node/0',
  epoch: 3,
  position: 100,
  backlog: 40,
  watermarkMs: NOW - 5_000,
  finalThroughMs: NOW - 3_600_000,
  lastCheckpointMs: NOW - 2_000 - partition * 1_000,
  outboxBlocks: 1,
  outboxBytes: 1_024,
  oldestBlockMs: 0,
  isHeldBack: false,
  restarts: 0,
  series: 10,
  openReadings: 7,
  nextBlock: 5,
  totals: {
    ...emptyLedger(),
    messages: 6,
    messagesUsed: 3,
    messagesDuplicate: 2,
    messagesRejected: 1,
    readingsCounted: 30,
  },
}));

const notAsked = (): Promise<never> => Promise.reject(new Error('figures ask for the status only'));
let metrics: Metrics;
const create = (status: () => Promise<PartitionStatus[]>): Metrics =>
  (metrics = createMetrics({
    cluster: { partitions: 4, incarnation: 1, finalThroughMs: () => NOW - 3_600_000, watermarkMs: () => NOW - 5_000 },
    workers: { status, openHours: notAsked, flush: notAsked, pool: notAsked },
    clock: { ...systemClock, nowMs: () => NOW },
    restarts: { worker: () => 2 },
  }));
afterEach(() => metrics.close());

/** Value of a sample, by name and labels as they stand in the text. */
function sample(text: string, name: string): number {
  const line = text.split('\n').find((one) => one.startsWith(`${name} `));
  if (line === undefined) throw new Error(`${name} is not in\n${text}`);
  return Number(line.split(' ')[1]);
}

describe('the figures for Prometheus', () => {
  it('are sums over partitions, and a thread’s backlog counts once', async () => {
    const text = await create(() => Promise.resolve(statuses)).render();
    expect(sample(text, 'hourglass_messages_total{outcome="used"}')).toBe(6);
    expect(sample(text, 'hourglass_messages_total{outcome="duplicate"}')).toBe(4);
    expect(sample(text, 'hourglass_readings_total{outcome="counted"}')).toBe(60);
    expect(sample(text, 'hourglass_partitions')).toBe(4);
    expect(sample(text, 'hourglass_partitions_owned')).toBe(2);
    expect(sample(text, 'hourglass_backlog_messages')).toBe(40);
    expect(sample(text, 'hourglass_outbox_bytes')).toBe(2_048);
    expect(sample(text, 'hourglass_watermark_age_seconds')).toBe(5);
    expect(sample(text, 'hourglass_oldest_checkpoint_age_seconds')).toBe(3);
    expect(sample(text, 'hourglass_restarts_total{what="worker"}')).toBe(2);
    expect(sample(text, 'process_resident_memory_bytes')).toBeGreaterThan(1e6);
  });

  it('have requests by route and status', async () => {
    create(() => Promise.resolve([]));
    metrics.request('GET', '/v1/hourly', 200, 0.003);
    metrics.request('GET', '/v1/hourly', 200, 0.3);
    const text = await metrics.render();
    const labels = 'method="GET",route="/v1/hourly",status="200"';
    expect(sample(text, `hourglass_http_request_duration_seconds_count{${labels}}`)).toBe(2);
    expect(sample(text, `hourglass_http_request_duration_seconds_bucket{${labels},le="0.005"}`)).toBe(1);
    expect(sample(text, 'hourglass_partitions_owned')).toBe(0);
  });
});
