/** `hourglass status`: partitions, owners, backlog, in sum and one by one. */
import { Command } from 'commander';
import type { PartitionStatus } from '../model/cluster.ts';
import { addLedger, emptyLedger } from '../model/ledger.ts';
import { systemClock } from '../model/clock.ts';
import { EXIT } from './exit-codes.ts';
import { table } from './table.ts';
import { askWorkers } from './worker-questions.ts';

const WATCH_MS = 2_000;
const CLEAR_SCREEN = '\u001B[2J\u001B[H';

export function statusCommand(): Command {
  return new Command('status')
    .description('Partitions: owner, epoch, backlog, watermark, outbox. Exit code 1 where one has no owner')
    .option('--json', 'for programs: one JSON object')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .addHelpText(
      'after',
      `
Examples:
  $ hourglass status
  $ hourglass status --watch
  $ hourglass status --json | jq '.partitions[] | select(.backlog > 1000)'`,
    )
    .action(async ({ json, watch }: { json?: true; watch?: true }) => {
      await askWorkers('hourglass/status', async (workers, { partitions }) => {
        for (;;) {
          const statuses = await workers.status();
          const text = json ? JSON.stringify({ partitions: statuses }, null, 2) : report(statuses, partitions);
          console.log(watch && process.stdout.isTTY ? `${CLEAR_SCREEN}${text}` : text);
          process.exitCode = statuses.length < partitions ? EXIT.no : EXIT.ok;
          if (!watch) return;
          await systemClock.sleep(WATCH_MS);
        }
      });
    });
}

function report(statuses: readonly PartitionStatus[], partitions: number): string {
  const nowMs = systemClock.nowMs();
  const totals = emptyLedger();
  for (const status of statuses) addLedger(totals, status.totals);
  const rows = statuses.map((status) => [
    String(status.partition),
    status.owner,
    String(status.epoch),
    count(status.backlog),
    age(status.watermarkMs, nowMs),
    age(status.lastCheckpointMs, nowMs),
    `${count(status.outboxBlocks)} (${kib(status.outboxBytes)})`,
    count(status.series),
    count(status.openReadings),
  ]);
  const head = ['partition', 'owner', 'epoch', 'backlog', 'watermark', 'checkpoint', 'outbox', 'series', 'open'];
  return [
    table(head, rows),
    '',
    `${count(statuses.length)} of ${count(partitions)} partitions have an owner`,
    `messages: ${count(totals.messagesUsed)} used, ${count(totals.messagesDuplicate)} duplicate, ${count(totals.messagesRejected)} rejected`,
    `readings: ${count(totals.readingsCounted)} counted (${count(totals.readingsLate)} late), ${count(totals.readingsRejected)} rejected`,
  ].join('\n');
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function kib(bytes: number): string {
  return `${count(Math.ceil(bytes / 1024))} KiB`;
}

/** How long ago, in the unit that reads best. */
function age(ms: number, nowMs: number): string {
  if (ms === 0) return '-';
  const s = Math.max(0, nowMs - ms) / 1_000;
  if (s < 120) return `${s.toFixed(1)} s ago`;
  if (s < 7_200) return `${(s / 60).toFixed(0)} min ago`;
  return new Date(ms).toISOString().slice(0, 16);
}
