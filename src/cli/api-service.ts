/**
 * The API on its socket, with everything it is handed: `up` and `serve` share it.
 *
 * Boundary: wiring. Its connection to the broker is its own, so that a flood of questions never waits behind readings.
 */
import { jetstreamManager } from '@nats-io/jetstream';
import { headers as natsHeaders, type MsgHdrs } from '@nats-io/transport-node';
import { createApp } from '../api/app.ts';
import { LiveHub } from '../api/live/hub.ts';
import type { HealthChecks, Publish } from '../api/ports.ts';
import { readFinalHours, readLiveBase } from '../api/queries/live.ts';
import { type ApiServer, startApi } from '../api/server.ts';
import { systemClock } from '../model/clock.ts';
import type { Config } from '../model/config.ts';
import { lagOf } from '../model/lag.ts';
import { DURABILITY_FACTS_MS, STREAM_FREE_SHARE_MIN } from '../model/limits.ts';
import type { Log } from '../model/log.ts';
import { PublishPipeline } from '../publish/publish-pipeline.ts';
import { watchCluster } from '../runtime/cluster-view.ts';
import { connectClickhouse, connectNats } from '../runtime/connections.ts';
import { guardDatabase } from '../runtime/database-guard.ts';
import { Decoder } from '../runtime/decode/decoder.ts';
import { createLiveSource } from '../runtime/live-listener.ts';
import { readDurability } from '../runtime/durability.ts';
import { READINGS_STREAM } from '../runtime/message-source.ts';
import { NatsRegistry } from '../runtime/registry/nats-registry.ts';
import { createWorkerQueries } from '../runtime/worker-queries.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import type { Backends } from './backends.ts';
import { openDoors } from './open-doors.ts';
import { graphiqlRenderer } from './graphiql.ts';
import { monitorUrl } from './endpoints.ts';
import { readDashboard } from './dashboard-files.ts';

/** A publisher is told after this long that the broker does not answer; the message may be stored. */
const PUBLISH_MS_MAX = 5_000;

export async function startApiService(
  config: Config,
  { natsUrl, clickhouseUrl, clickhouse: database, topology }: Backends,
  log: Log,
  restarts: Readonly<Record<string, () => number>>,
): Promise<ApiServer> {
  const doors = await openDoors(config, log);
  const nc = await connectNats(natsUrl, 'hourglass/api');
  const cluster = await watchCluster(nc, topology);
  const registry = await NatsRegistry.open(nc, systemClock, log);
  const workers = createWorkerQueries(nc, topology.partitions);
  const guard = guardDatabase(database, connectClickhouse(clickhouseUrl), systemClock);
  const clickhouse = guard.client;
  const onError = (error: unknown, where: string): void =>
    log.error(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  const live = new LiveHub({
    cluster,
    source: createLiveSource(nc),
    tables: {
      base: (city, hidden) => readLiveBase(clickhouse, city, hidden),
      finalHours: (city, range) => readFinalHours(clickhouse, city, range),
    },
    clock: systemClock,
    onError: (error) => onError(error, 'live hours'),
  });
  const metrics = createMetrics({ cluster, workers, clock: systemClock, restarts, liveClients: () => live.clients() });
  const pipeline = new PublishPipeline(nc, systemClock, PUBLISH_MS_MAX);
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  const decoder = new Decoder();
  const dashboard = readDashboard();

  const publish: Publish = (subject, payload, given) =>
    new Promise((acknowledged, failed) => {
      const headers = (): MsgHdrs => {
        const carried = natsHeaders();
        for (const [name, value] of Object.entries(given)) carried.set(name, value);
        return carried;
      };
      pipeline.send({ subject, payload, headers, acknowledged, failed });
    });
  const health: HealthChecks = {
    durability: () => facts(),
    lag: async () => lagOf(await workers.status(), systemClock.nowMs()),
    broker: () => nc.flush().then(() => true),
    database: async () => !guard.isAway && (await clickhouse.ping({ select: true })).success,
    partitionsOwned: async () => (await workers.status()).length,
    streamFull: async () => {
      const { state, config: stream } = await jsm.streams.info(READINGS_STREAM);
      return state.bytes > stream.max_bytes * (1 - STREAM_FREE_SHARE_MIN);
    },
  };
  const renderGraphiql = graphiqlRenderer(process.env);
  const facts = memoized(DURABILITY_FACTS_MS, () =>
    readDurability({
      profile: config.durability,
      monitorUrl: monitorUrl(config),
      streamReplicas: async () => (await jsm.streams.info(READINGS_STREAM)).config.num_replicas,
      clickhouse,
    }),
  );
  const app = createApp({
    clickhouse,
    cluster,
    workers,
    books: () => cluster.books(),
    registry,
    live,
    publish,
    decoder: (...message) => decoder.decode(...message),
    health,
    metrics: () => metrics.render(),
    clock: systemClock,
    horizonMs: config.horizonDays * 24 * 3_600_000,
    doors,
    dataVersion: () => cluster.dataVersion(),
    tablesAreSettled: () => cluster.tablesAreSettled(),
    onAnswer: (outcome) => metrics.answer(outcome),
    ...(renderGraphiql === null ? {} : { renderGraphiql }),
    ...(dashboard === null ? {} : { dashboard }),
    onRequest: (...request) => metrics.request(...request),
    onError,
  });
  const letGo = async (): Promise<void> => {
    await guard.close();
    await cluster.close();
    await registry.close();
    await metrics.close();
    pipeline.release();
    await nc.close();
  };
  try {
    const server = await startApi(app, {
      host: config.httpHost,
      port: config.httpPort,
      trustedProxies: config.trustedProxies,
    });
    return {
      ...server,
      close: async () => {
        await live.close();
        await server.close();
        await letGo();
      },
    };
  } catch (error) {
    await letGo();
    throw error;
  }
}

/** The same answer for a while. */
function memoized<T>(ms: number, read: () => Promise<T>): () => Promise<T> {
  let known: { readonly answer: Promise<T>; readonly atMs: number } | null = null;
  return () => {
    const nowMs = systemClock.monotonicMs();
    if (known === null || nowMs - known.atMs > ms) known = { answer: read(), atMs: nowMs };
    return known.answer;
  };
}
