/** `hourglass migrate`: streams, buckets, tables. */
import { Command } from 'commander';
import { readConfig } from '../model/config.ts';
import { systemClock } from '../model/clock.ts';
import { acceptLostMessages } from '../runtime/accept-loss.ts';
import { KvCheckpointStore } from '../runtime/checkpoint-store.ts';
import { NatsStreamHistory } from '../runtime/stream-history.ts';
import { type Backends, openBackends } from './backends.ts';

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('Create streams, buckets and tables where they are missing; safe to run again')
    .option(
      '--accept-lost-messages',
      'go on without messages that were removed from the stream before they were counted; the books keep the loss (stop all workers first)',
    )
    .addHelpText(
      'after',
      `
Examples:
  $ HOURGLASS_NATS_URL=nats://host:4222 HOURGLASS_CLICKHOUSE_URL=http://host:8123 hourglass migrate
  $ HOURGLASS_PARTITIONS=256 HOURGLASS_REPLICAS=3 hourglass migrate   # of a new stream; later they stay as they are`,
    )
    .action(async ({ acceptLostMessages: accepts }: { acceptLostMessages?: true }) => {
      const config = readConfig(process.env);
      const backends = await openBackends(config, 'hourglass/migrate', { create: true });
      const { partitions, incarnation } = backends.topology;
      if (accepts) await accept(backends);
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

async function accept({ nc, topology }: Backends): Promise<void> {
  const store = await KvCheckpointStore.open(nc, systemClock);
  const history = new NatsStreamHistory(nc);
  const { losses, unseen } = await acceptLostMessages({ store, history, clock: systemClock }, topology.partitions);
  for (const { partition, gaps } of losses) {
    const ranges = gaps.map(({ from, to }) => `${String(from)} to ${String(to)}`).join(', ');
    console.log(`partition ${String(partition)} goes on without messages ${ranges}`);
  }
  if (unseen > 0) console.log(`${String(unseen)} messages that are missing anywhere in the stream are accepted`);
  if (losses.length === 0 && unseen === 0) console.log('no partition misses messages that are gone');
}
