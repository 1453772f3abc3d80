/** `hourglass work`: a worker node on a broker and a database that are there. */
import { join } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../model/config.ts';
import { startNode } from '../runtime/node.ts';
import { openBackends } from './backends.ts';
import { Closers } from './drain.ts';
import { EXIT } from './exit-codes.ts';
import { openLogs } from './logs.ts';
import { listenForShutdown } from './signals.ts';
import { openTerminal } from './terminal.ts';

export function workCommand(): Command {
  return new Command('work')
    .description('Run a worker node: all that run share the partitions of the stream')
    .addHelpText(
      'after',
      `
Start it any number of times, on any machine that reaches the broker and the database. Threads: HOURGLASS_WORKERS.

Examples:
  $ HOURGLASS_NATS_URL=nats://host:4222 HOURGLASS_CLICKHOUSE_URL=http://host:8123 hourglass work
  $ HOURGLASS_WORKERS=4 hourglass work`,
    )
    .action(async () => {
      const config = readConfig(process.env);
      const terminal = openTerminal();
      const logs = openLogs(join(config.dataDir, 'logs', 'worker.log'), terminal);
      const shutdown = listenForShutdown();
      const closers = new Closers(logs);
      const backends = await openBackends(config, 'hourglass/work', { create: false });
      closers.add({ what: 'the connections', close: () => backends.close() });
      const node = await startNode({ config, ...backends, log: logs });
      closers.add({ what: 'the workers', close: () => node.stop() });
      await Promise.race([node.started, shutdown.asked]);
      if (!shutdown.signal.aborted)
        logs.info(
          `${node.name} works on its share of ${String(backends.topology.partitions)} partitions, on ${String(config.workers)} thread(s)`,
        );
      logs.info(`${await shutdown.asked}: draining ...`);
      const clean = await closers.closeAll();
      logs.close();
      process.exit(clean ? EXIT.ok : EXIT.no);
    });
}
