/** `hourglass status`: owners, how far behind they are, restarts; per partition, per thread and in sum. */
import { Command } from 'commander';
import type { PartitionStatus } from '../model/cluster.ts';
import { ageS, lagOf } from '../model/lag.ts';
import { addLedger, emptyLedger } from '../model/ledger.ts';
import { systemClock } from '../model/clock.ts';
import { EXIT } from './exit-codes.ts';
import { table } from './table.ts';
import { askWorkers } from './worker-questions.ts';

const WATCH_MS = 2_000;
const CLEAR_SCREEN = '\u001B[2J\u001B[H';

export function statusCommand(): Command {
  return new Command('status')
    .description('Partitions and threads: owner, backlog, watermark, outbox. Exit code 1 where one has no owner')
    .option('--json', 'for programs: one JSON object')
    .option('--watch', 'again every two seconds, until Ctrl-C')
    .addHelpText(
      'after',
      `
Watermark, checkpoint and oldest are ages: how far a partition's time is behind the clock, of its last checkpoint, and
of the block that has waited longest for the database. A thread's backlog is in messages of the stream, other threads' among them.

Examples:
  $ hourglass status
  $ hourglass status --watch
  $ hourglass status --json | jq '.sum'`,
    )
    .action(async ({ json, watch }: { json?: true; watch?: true }) => {
      await askWorkers('hourglass/status', async (workers, { partitions }) => {
        for (;;) {
          const statuses = await workers.status();
          const nowMs = systemClock.nowMs();
          const text = json
            ? JSON.stringify({ partitions: statuses, sum: lagOf(statuses, nowMs) }, null, 2)
            : report(statuses, partitions, nowMs);
          console.log(watch && process.stdout.isTTY ? `${CLEAR_SCREEN}${text}` : text);
          process.exitCode = statuses.length < partitions ? EXIT.no : EXIT.ok;
          if (!watch) return;
          await systemClock.sleep(WATCH_MS);
        }
      });
    });
}

/** Lines of at most 80 characters where names and figures are of the usual length. */
export function report(statuses: readonly PartitionStatus[], partitions: number, nowMs: number): string {
  const totals = emptyLedger();
  for (const status of statuses) addLedger(totals, status.totals);
  const owners = [...new Set(statuses.map(({ owner }) => owner))].sort();
  const numberOf = new Map(owners.map((owner, at) => [owner, String(at + 1)]));
  const lag = lagOf(statuses, nowMs);
  const behind = [`backlog ${count(lag.backlogMessages)} messages`, `watermark ${age(lag.watermarkAgeS)} behind`];
  return [
    table(
      ['partition', 'thread', 'epoch', 'watermark', 'checkpoint', 'outbox', 'oldest', 'series'],
      statuses.map((status) => [
        String(status.partition),
        numberOf.get(status.owner) ?? '',
        String(status.epoch),
        age(ageS(status.watermarkMs, nowMs)),
        age(ageS(status.lastCheckpointMs, nowMs)),
        outbox(status.outboxBlocks, status.outboxBytes),
        age(ageS(status.oldestBlockMs, nowMs)),
        count(status.series),
      ]),
    ),
    '',
    table(
      ['thread', 'name', 'owns', 'backlog', 'outbox', 'restarts', 'state'],
      owners.map((owner) => threadRow(owner, numberOf.get(owner) ?? '', statuses, nowMs)),
    ),
    '',
    `${count(statuses.length)} of ${count(partitions)} partitions have an owner`,
    `behind:   ${behind.join(', ')}`,
    ...(lag.threadsHeldBack > 0 ? [`database: ${count(lag.threadsHeldBack)} threads wait for it`] : []),
    `outbox:   ${outbox(lag.outboxBlocks, lag.outboxBytes)}, oldest ${age(lag.outboxBlocks > 0 ? lag.oldestBlockAgeS : null)}`,
    `messages: ${count(totals.messagesUsed)} used, ${count(totals.messagesDuplicate)} duplicate, ${count(totals.messagesRejected)} rejected`,
    `readings: ${count(totals.readingsCounted)} counted (${count(totals.readingsLate)} late), ${count(totals.readingsRejected)} rejected`,
  ].join('\n');
}

function threadRow(owner: string, number: string, statuses: readonly PartitionStatus[], nowMs: number): string[] {
  const own = statuses.filter((status) => status.owner === owner);
  const { backlogMessages, outboxBlocks, outboxBytes, threadsHeldBack } = lagOf(own, nowMs);
  return [
    number,
    owner,
    count(own.length),
    count(backlogMessages),
    outbox(outboxBlocks, outboxBytes),
    count(own[0]?.restarts ?? 0),
    threadsHeldBack > 0 ? 'held' : 'reads',
  ];
}

function outbox(blocks: number, bytes: number): string {
  return blocks === 0 ? '0' : `${count(blocks)} (${size(bytes)})`;
}

function count(value: number): string {
  return value.toLocaleString('en');
}

function size(bytes: number): string {
  return bytes < 1024 ** 2 ? `${count(Math.ceil(bytes / 1024))} KiB` : `${count(Math.round(bytes / 1024 ** 2))} MiB`;
}

/** In the unit that reads best. */
function age(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 120) return `${seconds.toFixed(1)} s`;
  if (seconds < 7_200) return `${(seconds / 60).toFixed(0)} min`;
  if (seconds < 172_800) return `${(seconds / 3_600).toFixed(0)} h`;
  return `${(seconds / 86_400).toFixed(0)} d`;
}
