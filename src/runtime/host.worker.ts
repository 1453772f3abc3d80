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
import { SubjectTable } from './delivery/subject-table.ts';
import { Host } from './host.ts';
import { ClickhouseSink } from './hourly-sink.ts';
import { LivePublisher } from './live-publisher.ts';
import { openLeaseBucket } from './membership/lease-bucket.ts';
import { LeaseKeeper } from './membership/lease-keeper.ts';
import { MemoryWatch } from './memory-budget.ts';
import { PullSource } from './message-source.ts';
import { answerQueries } from './query-responder.ts';
import { NatsStreamHistory } from './stream-history.ts';
import { StreamRejectSink } from './reject-sink.ts';
import { InHand, Suspects } from './suspects.ts';
import type { HostStats, HostTask, StopRequest, ThreadReport, ThreadRequest } from './thread-messages.ts';

const STATS_INTERVAL_MS = 1_000;
/** A database or broker that is away must not keep the thread from joining. */
const WARM_UP_MS_MAX = 1_000;

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
  let { budget } = task;
  let onBudget = (): void => undefined;
  let onJoin = (): void => undefined;
  const joinAsked = new Promise<void>((resolve) => (onJoin = resolve));
  const stopAsked = new Promise<StopRequest>((resolve) => {
    port.on('message', (request: ThreadRequest) => {
      switch (request.type) {
        case 'stop':
          resolve(request);
          break;
        case 'join':
          onJoin();
          break;
        case 'budget':
          ({ budget } = request);
          onBudget();
      }
    });
  });

  const nc = await connectNats(task.natsUrl, options.owner);
  const clickhouse = connectClickhouse(task.clickhouseUrl);
  const decoder = new Decoder();
  const subjects = new SubjectTable();
  const bucket = await openNatsBucket(nc);
  const history = new NatsStreamHistory(nc);
  const sink = new ClickhouseSink(clickhouse, options.incarnation);
  const suspects = new Suspects(bucket, systemClock, options.incarnation);
  const host = new Host(
    {
      source: (partitions) => new PullSource(nc, systemClock, partitions, subjects),
      history,
      store: new KvCheckpointStore(bucket, systemClock),
      sink,
      rejects: new StreamRejectSink(nc, systemClock, options.incarnation),
      clock: systemClock,
      decode: (payload, contentType, channel, source, receivedMs) =>
        decoder.decodeSpan(payload, contentType, channel, source, receivedMs),
      suspects,
      inHand: new InHand(task.inHand),
      log,
    },
    { ...options, restarts: task.restarts },
  );
  const keeper = new LeaseKeeper(
    { bucket: await openLeaseBucket(nc), owner: host, clock: systemClock, log },
    { member: options.owner, run: randomUUID(), partitions: task.partitionsOfStream },
  );
  const answers = answerQueries(nc, host, log);
  const busyShare = measureBusyShare();
  const memory = new MemoryWatch();
  onBudget = () => host.setBudget(budget);
  onBudget();
  const watchMemory = (): void => {
    const bytes = threadBytes();
    const state = memory.look(systemClock.monotonicMs(), bytes, budget);
    if (state === 'relieve') host.relieve();
    if (state === 'fail')
      host.giveUp(
        new Error(
          `it takes ${mebibytes(bytes)}, its part of the machine's memory is ${mebibytes(budget.threadBytesMax)}: more memory, more machines, or fewer series are needed`,
        ),
      );
  };
  const tell = (): void => report({ type: 'stats', stats: statsOf(host, options.owner, busyShare()) });
  const live = new LivePublisher(nc, host, { clock: systemClock, log, owner: options.owner });
  const timer = setInterval(() => {
    tell();
    watchMemory();
  }, STATS_INTERVAL_MS);
  try {
    host.start(() => keeper.isHeld);
    // What is slow the first time (connections, code) must not be while a partition waits between two owners.
    const questions = Promise.allSettled([sink.highestBlocks(), history.bounds(), suspects.poisonous()]);
    await Promise.race([questions, systemClock.sleep(WARM_UP_MS_MAX)]);
    report({ type: 'ready' });
    await Promise.race([joinAsked, stopAsked, host.failed]);
    keeper.start();
    live.start();
    void keeper.settled.then(() => report({ type: 'started' }));
    const { patienceMs, nodeLeaves } = await Promise.race([stopAsked, host.failed, keeper.failed]);
    // Where others take over, they insert what is left.
    const isHeir = (member: string): boolean => nodeLeaves === null || !member.startsWith(nodeLeaves);
    await keeper.leave(isHeir);
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

/** Heap and typed arrays of this thread, with what the garbage collector has not fetched yet. */
function threadBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function mebibytes(bytes: number): string {
  return `${String(Math.round(bytes / 1024 ** 2))} MiB`;
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
