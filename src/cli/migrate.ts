/** `hourglass migrate`: streams, buckets, tables. */
import { Command } from 'commander';
import { readConfig } from '../model/config.ts';
import { openBackends } from './backends.ts';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Create streams, buckets and tables where they are missing; safe to run again')
    .addHelpText(
      'after',
      `
Examples:
  $ HOURGLASS_NATS_URL=nats://host:4222 HOURGLASS_CLICKHOUSE_URL=http://host:8123 hourglass migrate
  $ HOURGLASS_PARTITIONS=256 HOURGLASS_REPLICAS=3 hourglass migrate   # of a new stream; later they stay as they are`,
    )
    .action(async () => {
      const config = readConfig(process.env);
      const backends = await openBackends(config, 'hourglass/migrate', { create: true });
      const { partitions, incarnation } = backends.topology;
      await backends.close();
      console.log(
        `streams, buckets and tables are there: ${String(partitions)} partitions, incarnation ${String(incarnation)}`,
      );
      if (partitions !== config.partitions && process.env['HOURGLASS_PARTITIONS'] !== undefined)
        console.log(
          `HOURGLASS_PARTITIONS=${String(config.partitions)} is for a new stream: this one keeps its ${String(partitions)}`,
        );
    });
}
