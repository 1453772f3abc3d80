/**
 * Figures for Prometheus, through OpenTelemetry: names, units and where each comes from, in one place.
 *
 * Boundary: reads figures that others keep, when it is asked; nothing here is on the way of a reading.
 * Names follow Prometheus: base units, `_total` for counters that only rise.
 */
import type { BatchObservableResult, Histogram, Meter, ObservableCounter, ObservableGauge } from '@opentelemetry/api';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { Clock } from '../model/clock.ts';
import type { ClusterView, WorkerQueries } from '../model/cluster.ts';
import { ageS, lagOf } from '../model/lag.ts';
import { addLedger, emptyLedger } from '../model/ledger.ts';

export interface MetricsSources {
  readonly cluster: ClusterView;
  readonly workers: WorkerQueries;
  readonly clock: Clock;
  /** Restarts of what this process supervises, by name: `worker`, `servers`. */
  readonly restarts: Readonly<Record<string, () => number>>;
  /** Open streams of live hours, by transport. */
  readonly liveClients?: () => Readonly<Record<string, number>>;
}

export interface Metrics {
  /** Prometheus text. */
  render(): Promise<string>;
  /** @param route the route's pattern, never a path: the number of series must stay bounded. */
  request(method: string, route: string, status: number, seconds: number): void;
  /** @param outcome where an answer about hours came from: `kept`, `joined`, `read`. */
  answer(outcome: string): void;
  close(): Promise<void>;
}

const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(sources: MetricsSources): Metrics {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const meter = provider.getMeter('hourglass');
  const requests = meter.createHistogram('hourglass_http_request_duration_seconds', {
    description: 'Time until the answer of a request begins',
    unit: 's',
    advice: { explicitBucketBoundaries: REQUEST_SECONDS },
  });
  const answers = meter.createCounter('hourglass_http_answers', {
    description: 'Answers of lists, by where they came from: kept, joined to the same question, read from the database',
  });
  observeWorkers(meter, sources);
  observeProcess(meter, sources);
  const serializer = new PrometheusSerializer('', false, undefined, true, true);
  return {
    async render() {
      const { resourceMetrics, errors } = await exporter.collect();
      if (errors.length > 0) throw new AggregateError(errors, 'figures could not be collected');
      return serializer.serialize(resourceMetrics);
    },
    request: (method, route, status, seconds) => record(requests, method, route, status, seconds),
    answer: (outcome) => answers.add(1, { outcome }),
    close: () => provider.shutdown(),
  };
}

function record(histogram: Histogram, method: string, route: string, status: number, seconds: number): void {
  histogram.record(seconds, { method, route, status: String(status) });
}

/** One question to the workers a scrape, whose answers make all figures: they belong to one moment. */
function observeWorkers(meter: Meter, { cluster, workers, clock }: MetricsSources): void {
  const counter = (name: string, description: string): ObservableCounter =>
    meter.createObservableCounter(`hourglass_${name}`, { description });
  const gauge = (name: string, description: string, unit = ''): ObservableGauge =>
    meter.createObservableGauge(`hourglass_${name}`, { description, unit });

  const messages = counter('messages', 'Messages taken from the stream, by what became of them');
  const readings = counter('readings', 'Readings, by what became of them; late ones are counted, too');
  const sealed = counter('sealed_readings', 'Readings in rows of blocks');
  const partitions = gauge('partitions', 'Partitions of the stream');
  const owned = gauge('partitions_owned', 'Partitions whose owner answers');
  const backlog = gauge('backlog_messages', 'Messages that wait in the stream');
  const outboxBlocks = gauge('outbox_blocks', 'Blocks that wait for the database');
  const outboxBytes = gauge('outbox_bytes', 'Bytes of blocks that wait for the database', 'By');
  const oldestBlock = gauge('oldest_block_age_seconds', 'Age of the block that has waited longest for the database');
  const heldBack = gauge('threads_held_back', 'Worker threads that read no further because the database is behind');
  const ofPartition = {
    watermark: gauge('partition_watermark_age_seconds', 'How far a partition’s watermark is behind the wall clock'),
    blocks: gauge('partition_outbox_blocks', 'Blocks of a partition that wait for the database'),
    oldest: gauge('partition_oldest_block_age_seconds', 'Age of a partition’s block that has waited longest'),
  };
  const series = gauge('series', 'Series in memory');
  const open = gauge('open_readings', 'Readings in open hours');
  const watermark = gauge('watermark_age_seconds', 'How far the least committed watermark is behind the wall clock');
  const final = gauge('final_through_timestamp_seconds', 'Hours that end at or before this are final');
  const checkpoint = gauge('oldest_checkpoint_age_seconds', 'Age of the oldest partition’s last checkpoint');

  const observe = async (result: BatchObservableResult): Promise<void> => {
    const statuses = await workers.status();
    const nowMs = clock.nowMs();
    const totals = emptyLedger();
    for (const status of statuses) addLedger(totals, status.totals);
    const sum = (of: (status: (typeof statuses)[number]) => number): number =>
      statuses.reduce((total, status) => total + of(status), 0);
    const lag = lagOf(statuses, nowMs);

    result.observe(messages, totals.messagesUsed, { outcome: 'used' });
    result.observe(messages, totals.messagesDuplicate, { outcome: 'duplicate' });
    result.observe(messages, totals.messagesRejected, { outcome: 'rejected' });
    result.observe(readings, totals.readingsCounted, { outcome: 'counted' });
    result.observe(readings, totals.readingsLate, { outcome: 'late' });
    result.observe(readings, totals.readingsRejected, { outcome: 'rejected' });
    result.observe(sealed, totals.readingsSealed);
    result.observe(partitions, cluster.partitions);
    result.observe(owned, statuses.length);
    // Nobody's answer is not a backlog of nothing.
    if (statuses.length > 0) {
      result.observe(backlog, lag.backlogMessages);
      result.observe(outboxBlocks, lag.outboxBlocks);
      result.observe(outboxBytes, lag.outboxBytes);
      result.observe(oldestBlock, lag.oldestBlockAgeS);
      result.observe(heldBack, lag.threadsHeldBack);
    }
    for (const { partition, watermarkMs, outboxBlocks: blocks, oldestBlockMs } of statuses) {
      const label = { partition: String(partition) };
      const age = ageS(watermarkMs, nowMs);
      if (age !== null) result.observe(ofPartition.watermark, age, label);
      result.observe(ofPartition.blocks, blocks, label);
      result.observe(ofPartition.oldest, ageS(oldestBlockMs, nowMs) ?? 0, label);
    }
    result.observe(
      series,
      sum((status) => status.series),
    );
    result.observe(
      open,
      sum((status) => status.openReadings),
    );
    result.observe(final, cluster.finalThroughMs() / 1_000);
    const watermarkMs = cluster.watermarkMs();
    if (watermarkMs > 0) result.observe(watermark, (nowMs - watermarkMs) / 1_000);
    const oldest = Math.min(...statuses.map((status) => status.lastCheckpointMs));
    if (oldest > 0 && Number.isFinite(oldest)) result.observe(checkpoint, (nowMs - oldest) / 1_000);
  };
  meter.addBatchObservableCallback(observe, [
    messages,
    readings,
    sealed,
    partitions,
    owned,
    backlog,
    outboxBlocks,
    outboxBytes,
    oldestBlock,
    heldBack,
    ...Object.values(ofPartition),
    series,
    open,
    watermark,
    final,
    checkpoint,
  ]);
}

/** Names as every Prometheus client has them. */
function observeProcess(meter: Meter, { restarts, liveClients }: MetricsSources): void {
  if (liveClients !== undefined) {
    meter
      .createObservableGauge('hourglass_live_clients', { description: 'Open streams of live hours' })
      .addCallback((result) => {
        for (const [transport, count] of Object.entries(liveClients())) result.observe(count, { transport });
      });
  }
  meter
    .createObservableCounter('hourglass_restarts', { description: 'Restarts of what this process supervises' })
    .addCallback((result) => {
      for (const [what, count] of Object.entries(restarts)) result.observe(count(), { what });
    });
  meter
    .createObservableGauge('process_resident_memory_bytes', { description: 'Resident memory of this process' })
    .addCallback((result) => result.observe(process.memoryUsage.rss()));
  meter
    .createObservableCounter('process_cpu_seconds', { description: 'CPU time of this process, all threads' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
}
