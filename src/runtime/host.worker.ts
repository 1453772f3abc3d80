/**
 * The program of a worker thread: one host with its own connections, until it is told to stop.
 *
 * Boundary: wires the real ports to a {@link Host}. Errors cross threads as text, since they lose their class.
 */
import { randomUUID } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { systemClock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import { addLedger, emptyLedger } from '../model/ledger.ts';
import type { Log } from '../model/log.ts';
import { openNatsBucket } from './checkpoint-bucket.ts';
import { KvCheckpointStore } from './checkpoint-store.ts';
import { connectClickhouse, connectNats } from './connections.ts';
import { Decoder } from './decode/decoder.ts';
import { Host } from './host.ts';
import { ClickhouseSink } from './hourly-sink.ts';
import { LivePublisher } from './live-publisher.ts';
import { openLeaseBucket } from './membership/lease-bucket.ts';
import { LeaseKeeper } from './membership/lease-keeper.ts';
import { PullSource } from './message-source.ts';
import { answerQueries } from './query-responder.ts';
import { NatsStreamHistory } from './stream-history.ts';
import { StreamRejectSink } from './reject-sink.ts';
import { InHand, Suspects } from './suspects.ts';
import type { HostStats, HostTask, StopRequest, ThreadReport } from './thread-messages.ts';

const STATS_INTERVAL_MS = 1_000;

/** Resolves when stopped; rejects when the host cannot go on and must be started anew. */
export default async function runHost(task: HostTask): Promise<void> {
  const { port, host: options } = task;
  const report = (message: ThreadReport): void => port.postMessage(message);
  const log: Log = {
    debug: (text) => report({ type: 'log', level: 'debug', text }),
    info: (text) => report({ type: 'log', level: 'info', text }),
    warn: (text) => report({ type: 'log', level: 'warn', text }),
    error: (text) => report({ type: 'log', level: 'error', text }),
  };
  const stopAsked = new Promise<StopRequest>((resolve) => port.once('message', resolve));

  const nc = await connectNats(task.natsUrl, options.owner);
  const clickhouse = connectClickhouse(task.clickhouseUrl);
  const decoder = new Decoder();
  const bucket = await openNatsBucket(nc);
  const host = new Host(
    {
      source: (partitions) => new PullSource(nc, systemClock, partitions, task.partitionsOfStream),
      history: new NatsStreamHistory(nc),
      store: new KvCheckpointStore(bucket, systemClock),
      sink: new ClickhouseSink(clickhouse, options.incarnation),
      rejects: new StreamRejectSink(nc, systemClock, options.incarnation),
      clock: systemClock,
      decode: (payload, contentType, channel, source, receivedMs) =>
        decoder.decode(payload, contentType, channel, source, receivedMs),
      suspects: new Suspects(bucket, systemClock, options.incarnation),
      inHand: new InHand(task.inHand),
      log,
    },
    options,
  );
  const keeper = new LeaseKeeper(
    { bucket: await openLeaseBucket(nc), owner: host, clock: systemClock, log },
    { member: options.owner, run: randomUUID(), partitions: task.partitionsOfStream },
  );
  const answers = answerQueries(nc, host, log);
  const busyShare = measureBusyShare();
  const tell = (): void => report({ type: 'stats', stats: statsOf(host, options.owner, busyShare()) });
  const timer = setInterval(tell, STATS_INTERVAL_MS);
  const live = new LivePublisher(nc, host, { clock: systemClock, log, owner: options.owner });
  try {
    host.start(() => keeper.isHeld);
    keeper.start();
    live.start();
    void keeper.settled.then(() => report({ type: 'started' }));
    const { patienceMs, nodeLeaves } = await Promise.race([stopAsked, host.failed, keeper.failed]);
    await keeper.leave();
    // Where others take over, they insert what is left.
    const isHeir = (member: string): boolean => nodeLeaves === null || !member.startsWith(nodeLeaves);
    await host.stop(keeper.hasPeers(isHeir) ? 0 : patienceMs);
    await keeper.stop();
    tell();
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  } finally {
    keeper.abandon();
    clearInterval(timer);
    answers.stop();
    await live.stop();
    await nc.drain().catch(() => undefined);
    await clickhouse.close();
    port.close();
  }
}

/** Since the last call. */
function measureBusyShare(): () => number {
  let before = performance.eventLoopUtilization();
  return () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return utilization;
  };
}

function statsOf(host: Host, owner: string, busyShare: number): HostStats {
  const partitions = host.status();
  const totals = emptyLedger();
  const sums = { outboxBlocks: 0, outboxBytes: 0, series: 0, openReadings: 0 };
  for (const partition of partitions) {
    addLedger(totals, partition.totals);
    sums.outboxBlocks += partition.outboxBlocks;
    sums.outboxBytes += partition.outboxBytes;
    sums.series += partition.series;
    sums.openReadings += partition.openReadings;
  }
  const memory = process.memoryUsage();
  return {
    owner,
    totals,
    partitions: partitions.length,
    backlog: partitions[0]?.backlog ?? 0,
    taken: host.taken,
    busyShare,
    isHeldBack: host.isHeldBack,
    ...sums,
    heapBytes: memory.heapUsed,
    arrayBufferBytes: memory.arrayBuffers,
  };
}
