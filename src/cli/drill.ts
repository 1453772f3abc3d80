/** `hourglass drill`: breaks a private instance on purpose, and shows that nothing was lost or counted twice. */
import { fileURLToPath } from 'node:url';
import { Command, InvalidArgumentError } from 'commander';
import { runDrill } from '../drill/drill.ts';
import { systemClock } from '../model/clock.ts';
import { EXIT } from './exit-codes.ts';
import { openLogs } from './logs.ts';
import { openTerminal } from './terminal.ts';

const MINUTES = 2;
const PROGRAM = fileURLToPath(new URL('../main.js', import.meta.url));

export function drillCommand(): Command {
  return new Command('drill')
    .description('Break a private instance on purpose for some minutes, and compare every hour with the exact answer')
    .option('--minutes <n>', 'how long faults are made', positive, MINUTES)
    .option('--seed <s>', 'which faults, in which order, and what is published', whole, 1)
    .addHelpText(
      'after',
      `
Starts broker, database, API and worker nodes of its own on free ports, in a folder of its own, publishes a made-up city
as fast as it is acknowledged, and kills (-9), freezes, wakes and stops worker nodes, their threads, broker and database.
Ends with every hour compared, in the base view and in all rollups, and with the audit: exit code 1 where anything is wrong.

It never touches an instance that runs: faults cost an operator's users seconds without answers, and nobody could say
what the exact answer to an operator's own readings is. It needs about 2 GB of memory, and cores that are not busy.

Examples:
  $ hourglass drill
  $ hourglass drill --minutes 30 --seed 7`,
    )
    .action(async ({ minutes, seed }: { minutes: number; seed: number }) => {
      const terminal = openTerminal();
      const logs = openLogs(null, terminal);
      const say = (line: string): void => terminal.line(line);
      const { env } = process;
      const result = await runDrill({ minutes, seed, program: PROGRAM, env, clock: systemClock, log: logs, say });
      const { faults, readings, lost, twice, wrong, folder } = result;
      for (const line of wrong) say(`wrong: ${line}`);
      say(`${count(faults)} faults, ${count(readings)} readings, ${count(lost)} lost, ${count(twice)} twice`);
      if (folder !== null) say(`something is wrong: logs and data are in ${folder}`);
      terminal.close();
      process.exit(wrong.length === 0 ? EXIT.ok : EXIT.no);
    });
}

function count(number: number): string {
  return number.toLocaleString('en');
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('A number of minutes, such as 2 or 0.5.');
  return number;
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('A whole number.');
  return number;
}
