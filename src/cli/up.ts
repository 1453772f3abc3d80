/** `hourglass up`: servers that are not given by URL, worker node, API, and the demo where it is asked for. */
import { join } from 'node:path';
import { Command } from 'commander';
import { startDemo } from '../demo/demo.ts';
import { startEmbedded } from '../embedded/embedded.ts';
import { systemClock } from '../model/clock.ts';
import { type Config, readConfig } from '../model/config.ts';
import { watchCluster, type WatchedCluster } from '../runtime/cluster-view.ts';
import { connectNats } from '../runtime/connections.ts';
import { startNode, type WorkerNode } from '../runtime/node.ts';
import { startApiService } from './api-service.ts';
import { openBackends } from './backends.ts';
import { Closers } from './drain.ts';
import { EXIT } from './exit-codes.ts';
import { type Logs, openLogs } from './logs.ts';
import { listenForShutdown, type Shutdown } from './signals.ts';
import { StatusLine } from './status-line.ts';
import { openTerminal, type Terminal } from './terminal.ts';

const STATUS_MS = 1_000;
/** Where there is no terminal, the status goes to the log, this often. */
const STATUS_LOG_MS = 60_000;

export function upCommand(): Command {
  return new Command('up')
    .description('Run everything: broker and database (unless given by URL), workers, API')
    .addHelpText(
      'after',
      `
Examples:
  $ hourglass up                                    # all of it, data in .hourglass/
  $ HOURGLASS_HTTP_PORT=9090 hourglass up           # the API on another port
  $ HOURGLASS_NATS_URL=nats://host:4222 hourglass up   # with a broker that is there already
  $ HOURGLASS_DEMO=1 hourglass up                   # with readings to look at

Ctrl-C drains and stops; the data stay. Variables: see the README.`,
    )
    .action(async () => {
      const config = readConfig(process.env);
      const terminal = openTerminal();
      const logs = openLogs(join(config.dataDir, 'logs', 'hourglass.log'), terminal);
      const shutdown = listenForShutdown();
      const closers = new Closers(logs);
      try {
        await run(config, terminal, logs, shutdown, closers);
      } catch (error) {
        await closers.closeAll();
        terminal.close();
        throw error;
      }
      const clean = await closers.closeAll();
      if (clean) logs.info('stopped; everything is kept');
      terminal.close();
      logs.close();
      process.exit(clean ? EXIT.ok : EXIT.no);
    });
}

/** Returns when it was asked to end. */
async function run(
  config: Config,
  terminal: Terminal,
  logs: Logs,
  shutdown: Shutdown,
  closers: Closers,
): Promise<void> {
  const startedMs = systemClock.monotonicMs();
  const embedded = await startEmbedded(config, logs);
  closers.add({ what: 'the servers', close: () => embedded.stop() });
  if (shutdown.signal.aborted) return;

  const backends = await openBackends(config, 'hourglass/up', { create: true, urls: embedded });
  closers.add({ what: 'the connections', close: () => backends.close() });
  if (shutdown.signal.aborted) return;

  const { natsUrl, clickhouseUrl, topology } = backends;
  const node = await startNode({ config, natsUrl, clickhouseUrl, topology, log: logs });
  const closeNode = { what: 'the workers', close: () => node.stop() };
  try {
    const restarts = { worker: () => node.stats().restarts, servers: () => embedded.restarts() };
    const api = await startApiService(config, backends, logs, restarts);
    closers.add(closeNode, { what: 'the API', close: () => api.close() });
    await Promise.race([node.started, shutdown.asked]);
    if (shutdown.signal.aborted) return;
    sayReady(logs, config, { api: api.url, natsUrl, clickhouseUrl }, systemClock.monotonicMs() - startedMs);
  } catch (error) {
    closers.add(closeNode);
    throw error;
  }

  const nc = await connectNats(natsUrl, 'hourglass/demo');
  const cluster = await watchCluster(nc, topology);
  const demo = config.demo ? startDemo({ nc, clock: systemClock, log: logs }) : null;
  closers.add({
    what: 'the demo',
    close: async () => {
      await demo?.stop();
      await cluster.close();
      await nc.close();
    },
  });
  await showStatusUntil(shutdown, terminal, logs, node, cluster);
  logs.info(`${await shutdown.asked}: draining ...`);
}

function sayReady(
  logs: Logs,
  config: Config,
  urls: { api: string; natsUrl: string; clickhouseUrl: string },
  tookMs: number,
): void {
  const mqtt = config.natsUrl === null ? ` · MQTT 127.0.0.1:${String(config.mqttPort)}` : '';
  logs.info(`ready after ${(tookMs / 1_000).toFixed(1)} s`);
  logs.info(`dashboard ${urls.api}/ · API /v1/cities, /v1/hourly, /openapi.json`);
  logs.info(`NATS ${withoutCredentials(urls.natsUrl)}${mqtt} · ClickHouse ${withoutCredentials(urls.clickhouseUrl)}`);
  logs.info(
    `data and logs in ${config.dataDir} · ${String(config.workers)} worker thread(s) · Ctrl-C drains and stops`,
  );
}

function withoutCredentials(url: string): string {
  return url.replaceAll(/\/\/[^@/,]*@/g, '//');
}

async function showStatusUntil(
  shutdown: Shutdown,
  terminal: Terminal,
  logs: Logs,
  node: WorkerNode,
  cluster: WatchedCluster,
): Promise<void> {
  const line = new StatusLine();
  let loggedMs = systemClock.monotonicMs();
  while (!shutdown.signal.aborted) {
    await systemClock.sleep(STATUS_MS, shutdown.signal);
    const nowMs = systemClock.monotonicMs();
    const text = line.text(node.stats(), cluster, nowMs);
    terminal.status(text);
    if (process.stdout.isTTY || nowMs - loggedMs < STATUS_LOG_MS) continue;
    loggedMs = nowMs;
    logs.info(text);
  }
}
