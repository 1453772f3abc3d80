/**
 * `npm run chaos -- --campaign NAME --tries N --seed S`: one fault, again and again, on real servers.
 * `npm run chaos -- --minutes M --seed S`: all of them by chance, at the same time.
 *
 * Prints a line for each try and a row of the table at the end; keeps both as JSON in .work/chaos/. Exit code 1 where
 * anything was lost, counted twice or is not as it must be: then the command that tries it again is printed.
 */
import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CAMPAIGNS } from './campaigns.ts';
import { type Campaign, type Outcome, rowOf, runCampaign } from './campaign.ts';
import { runMix } from './mix.ts';

const RESULTS = '.work/chaos';
const AWAY_SECONDS = 600;
const HOSTILE_MESSAGES = 1_000_000;

interface Options {
  readonly campaign?: string;
  readonly minutes?: number;
  readonly tries?: number;
  readonly seed: number;
  readonly awaySeconds: number;
  readonly messages: number;
  readonly program: string;
}

const command = new Command('chaos')
  .description('Break real servers under load, and compare every hour with the exact answer')
  .option('--campaign <name>', `one of ${CAMPAIGNS.map(({ name }) => name).join(', ')}`)
  .option('--minutes <m>', 'all faults by chance for so long', Number)
  .option('--tries <n>', 'how often; absent: what the table in docs/RELIABILITY.md asks for', whole)
  .option('--seed <s>', 'decides what is published and what is broken, not the time it takes', whole, 1)
  .option('--away-seconds <n>', 'database-away: how long', whole, AWAY_SECONDS)
  .option('--messages <n>', 'hostile: how many', whole, HOSTILE_MESSAGES)
  .option('--program <file>', 'the built program', join(process.cwd(), 'dist', 'main.js'));
const options = command.parse().opts<Options>();

const say = (line: string): void => void process.stdout.write(`${line}\n`);
tell(await run());

async function run(): Promise<Outcome> {
  const { minutes, campaign: name, tries } = options;
  if (minutes !== undefined) return await runMix({ ...options, minutes, say });
  const campaign = campaignNamed(name);
  return await runCampaign(campaign, { ...options, tries: tries ?? campaign.tries, say });
}

function campaignNamed(name: string | undefined): Campaign {
  const found = CAMPAIGNS.find((one) => one.name === name);
  return found ?? command.error(`--campaign must be one of ${CAMPAIGNS.map((one) => one.name).join(', ')}`);
}

function tell(found: Outcome): void {
  mkdirSync(RESULTS, { recursive: true });
  appendFileSync(join(RESULTS, 'results.jsonl'), `${JSON.stringify({ ...found, at: new Date().toISOString() })}\n`);
  say(rowOf(found));
  if (found.wrong.length === 0) return;
  process.exitCode = 1;
  say(`\nWRONG, logs are in ${found.folder}:\n  ${found.wrong.join('\n  ')}`);
  const what =
    options.minutes === undefined
      ? `--campaign ${found.campaign} --tries ${String(Math.max(found.tries, 1))}`
      : `--minutes ${String(options.minutes)}`;
  say(`npm run chaos -- ${what} --seed ${String(found.seed)}`);
}

function whole(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 0) throw new InvalidArgumentError('a whole number is expected');
  return number;
}
