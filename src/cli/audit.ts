/** `hourglass audit`: do the books balance? Every partition, to the reading (invariant 14). */
import { Command } from 'commander';
import { type Book, readBooks } from '../api/books.ts';
import { systemClock } from '../model/clock.ts';
import { connectClickhouse } from '../runtime/connections.ts';
import { databaseUrl } from './endpoints.ts';
import { EXIT } from './exit-codes.ts';
import { askWorkers } from './worker-questions.ts';

/** Blocks are under way for seconds; a partition that is quiet once within this time is compared to the reading. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 250;

export function auditCommand(): Command {
  return new Command('audit')
    .description('Compare what was taken, counted and written, per partition. Exit code 1 where it does not balance')
    .option('--json', 'for programs: one JSON object')
    .addHelpText(
      'after',
      `
messages taken = used + duplicate + rejected; readings counted = in blocks + in memory; blocks = hourly_facts =
district_facts. While a partition has blocks on their way to the database, the tables may have less, never more;
audit waits up to ${String(PATIENCE_MS / 1_000)} s for a moment at which it has none.

Examples:
  $ hourglass audit
  $ hourglass audit --json | jq '.books[] | select(.problems != [])'`,
    )
    .action(async ({ json }: { json?: true }) => {
      const books = await askWorkers('hourglass/audit', async (workers, { partitions, incarnation }, config) => {
        const clickhouse = connectClickhouse(databaseUrl(config));
        const sources = { clickhouse, incarnation, partitions, horizonMs: config.horizonDays * 24 * 3_600_000 };
        try {
          return await readSettled(async () => await readBooks(await workers.status(), sources));
        } finally {
          await clickhouse.close();
        }
      });
      console.log(json ? JSON.stringify({ books }, null, 2) : report(books));
      process.exitCode = books.every(({ problems }) => problems.length === 0) ? EXIT.ok : EXIT.no;
    });
}

/** For each partition its books at a moment at which nothing of it was under way, where there was one. */
async function readSettled(read: () => Promise<Book[]>): Promise<Book[]> {
  const lastMs = systemClock.monotonicMs() + PATIENCE_MS;
  let books = await read();
  while (systemClock.monotonicMs() < lastMs && books.some((book) => !isSound(book))) {
    await systemClock.sleep(LOOK_MS);
    const newer = await read();
    books = books.map((book, at) => (isSound(book) ? book : newer[at]!));
  }
  return books;
}

function isSound({ settled, problems }: Book): boolean {
  return settled && problems.length === 0;
}

function report(books: readonly Book[]): string {
  const sum = (count: (book: Book) => number): string =>
    books.reduce((total, book) => total + count(book), 0).toLocaleString('en');
  const unsettled = books.filter(({ settled, owner }) => !settled && owner !== null).length;
  const bad = books.filter(({ problems }) => problems.length > 0);
  return [
    `messages: ${sum(({ messages }) => messages.taken)} taken = ${sum(({ messages }) => messages.used)} used + ${sum(({ messages }) => messages.duplicate)} duplicate + ${sum(({ messages }) => messages.rejected)} rejected`,
    `readings: ${sum(({ readings }) => readings.counted)} counted = ${sum(({ readings }) => readings.sealed)} in blocks + ${sum(({ readings }) => readings.open)} in memory; ${sum(({ readings }) => readings.rejected)} rejected`,
    `tables:   ${sum(({ table }) => table.hourly)} in hourly_facts, ${sum(({ table }) => table.districts)} in district_facts`,
    ...(unsettled > 0
      ? [`${String(unsettled)} partitions had blocks on their way all the time: theirs were checked to be no more`]
      : []),
    ...bad.map(({ partition, problems }) => `partition ${String(partition)}: ${problems.join('; ')}`),
    bad.length === 0
      ? `${String(books.length)} partitions balance`
      : `${String(bad.length)} of ${String(books.length)} partitions do not balance`,
  ].join('\n');
}
