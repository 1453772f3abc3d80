/** `hourglass serve`: the API on a broker and a database that are there. */
import { join } from 'node:path';
import { Command } from 'commander';
import { readConfig } from '../model/config.ts';
import { startApiService } from './api-service.ts';
import { openBackends } from './backends.ts';
import { Closers } from './drain.ts';
import { EXIT } from './exit-codes.ts';
import { openLogs } from './logs.ts';
import { listenForShutdown } from './signals.ts';
import { openTerminal } from './terminal.ts';

export function serveCommand(): Command {
  return new Command('serve')
    .description('Run the API; any number of times, it keeps nothing')
    .addHelpText(
      'after',
      `
Examples:
  $ HOURGLASS_NATS_URL=nats://host:4222 HOURGLASS_CLICKHOUSE_URL=http://host:8123 hourglass serve
  $ HOURGLASS_HTTP_HOST=0.0.0.0 HOURGLASS_HTTP_PORT=80 hourglass serve`,
    )
    .action(async () => {
      const config = readConfig(process.env);
      const logs = openLogs(join(config.dataDir, 'logs', 'api.log'), openTerminal());
      const shutdown = listenForShutdown();
      const closers = new Closers(logs);
      const backends = await openBackends(config, 'hourglass/serve', { create: false });
      closers.add({ what: 'the connections', close: () => backends.close() });
      const api = await startApiService(config, backends, logs, {});
      closers.add({ what: 'the API', close: () => api.close() });
      logs.info(`API ${api.url}`);
      logs.info(`${await shutdown.asked}: draining ...`);
      const clean = await closers.closeAll();
      logs.close();
      process.exit(clean ? EXIT.ok : EXIT.no);
    });
}
