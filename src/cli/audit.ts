/** `hourglass audit`: do the books balance? Every partition, to the reading (invariant 14). */
import { Command } from 'commander';
import { type Book, type Books, readBooks } from '../api/books.ts';
import { readViewCounts, type ViewCount } from '../api/queries/ledger.ts';
import { systemClock } from '../model/clock.ts';
import { watchCluster } from '../runtime/cluster-view.ts';
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
district_facts = what each view shows; messages of the stream = taken by some partition. While a partition has blocks on their way to the database, the tables may have less, never more;
audit waits up to ${String(PATIENCE_MS / 1_000)} s for a moment at which it has none.

Examples:
  $ hourglass audit
  $ hourglass audit --json | jq '.problems, (.books[] | select(.problems != []))'`,
    )
    .action(async ({ json }: { json?: true }) => {
      const audit = await askWorkers('hourglass/audit', async (workers, topology, config, nc) => {
        const { partitions, incarnation } = topology;
        const clickhouse = connectClickhouse(databaseUrl(config));
        const cluster = await watchCluster(nc, topology);
        const horizonMs = config.horizonDays * 24 * 3_600_000;
        try {
          const books = await readSettled(async () => {
            const sources = { clickhouse, incarnation, partitions, horizonMs, committed: cluster.books() };
            return await readBooks(await workers.status(), sources);
          });
          return withViews(books, await readViewCounts(clickhouse));
        } finally {
          await cluster.close();
          await clickhouse.close();
        }
      });
      console.log(json ? JSON.stringify(audit, null, 2) : report(audit));
      process.exitCode = isBalanced(audit) ? EXIT.ok : EXIT.no;
    });
}

interface Audit extends Books {
  readonly views: readonly ViewCount[];
}

function withViews(books: Books, views: readonly ViewCount[]): Audit {
  const wrong = views
    .filter(({ readings, least, most }) => readings < least || readings > most)
    .map(
      ({ view, readings, table, most }) =>
        `the view ${view} shows ${String(readings)} readings, ${table} has ${String(most)}`,
    );
  return { ...books, views, problems: [...books.problems, ...wrong] };
}

function isBalanced({ books, problems }: Books): boolean {
  return problems.length === 0 && books.every((book) => book.problems.length === 0);
}

/** For each partition its books at a moment at which nothing of it was under way, where there was one. */
async function readSettled(read: () => Promise<Books>): Promise<Books> {
  const lastMs = systemClock.monotonicMs() + PATIENCE_MS;
  let found = await read();
  const isDone = ({ books, problems, missing }: Books): boolean =>
    books.every(isSound) && problems.length === 0 && missing !== null;
  while (systemClock.monotonicMs() < lastMs && !isDone(found)) {
    await systemClock.sleep(LOOK_MS);
    const { books, missing, problems } = await read();
    found = {
      books: found.books.map((book, at) => (isSound(book) ? book : books[at]!)),
      missing: missing ?? found.missing,
      problems,
    };
  }
  return found;
}

function isSound({ settled, problems }: Book): boolean {
  return settled && problems.length === 0;
}

function report({ books, missing, problems: common, views }: Audit): string {
  const sum = (count: (book: Book) => number): string =>
    books.reduce((total, book) => total + count(book), 0).toLocaleString('en');
  const unsettled = books.filter(({ settled, owner }) => !settled && owner !== null).length;
  const bad = books.filter(({ problems }) => problems.length > 0);
  return [
    `messages: ${sum(({ messages }) => messages.taken)} taken = ${sum(({ messages }) => messages.used)} used + ${sum(({ messages }) => messages.duplicate)} duplicate + ${sum(({ messages }) => messages.rejected)} rejected`,
    `readings: ${sum(({ readings }) => readings.counted)} counted = ${sum(({ readings }) => readings.sealed)} in blocks + ${sum(({ readings }) => readings.open)} in memory; ${sum(({ readings }) => readings.rejected)} rejected`,
    `tables:   ${sum(({ table }) => table.hourly)} in hourly_facts, ${sum(({ table }) => table.districts)} in district_facts`,
    `views:    ${views.map(({ view, readings }) => `${readings.toLocaleString('en')} in ${view}`).join(', ')}`,
    `missing:  ${missing === null ? 'not known: partitions have not read equally far' : `${missing.toLocaleString('en')} messages of the stream`}`,
    ...(unsettled > 0
      ? [`${String(unsettled)} partitions had blocks on their way all the time: theirs were checked to be no more`]
      : []),
    ...bad.map(({ partition, problems }) => `partition ${String(partition)}: ${problems.join('; ')}`),
    ...common,
    verdict(books.length, bad.length, common.length),
  ].join('\n');
}

function verdict(partitions: number, bad: number, common: number): string {
  if (bad > 0) return `${String(bad)} of ${String(partitions)} partitions do not balance`;
  return common > 0 ? 'the partitions do not balance together' : `${String(partitions)} partitions balance`;
}
