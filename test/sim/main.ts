/**
 * `npm run simulate -- --seed S --runs N`: many runs, from seed S on, on all cores; one run is told line by line.
 *
 * A run whose books do not balance prints the command that shows it again. Exit code 1 where there was one.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Outcome, simulate } from './simulation.ts';

const SAY_MS = 10_000;

const { values } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, runs: { type: 'string', default: '1' }, step: { type: 'string' } },
});
const first = Number(values.seed);
const runs = Number(values.runs);

if (values.step !== undefined) await runShare(Number(values.step));
else if (runs === 1) await tell();
else await runAll();

async function tell(): Promise<void> {
  const outcome = await simulate(first, {}, (line) => process.stdout.write(`${line}\n`));
  process.stdout.write(`${JSON.stringify(outcome, null, 2)}\n`);
  process.exitCode = outcome.problems.length === 0 ? 0 : 1;
}

/** One process of several: every `step`-th seed. */
async function runShare(step: number): Promise<void> {
  for (let seed = first; seed < first + runs; seed += step) process.send?.(await simulate(seed));
  process.disconnect();
}

async function runAll(): Promise<void> {
  const jobs = availableParallelism();
  const startMs = performance.now();
  const sum = { runs: 0, bad: 0, messages: 0, owners: 0, events: 0 };
  let saidMs = startMs;
  const take = ({ seed, problems, messages, owners, events }: Outcome): void => {
    sum.runs += 1;
    sum.messages += messages;
    sum.owners += owners;
    sum.events += events;
    if (problems.length > 0) {
      sum.bad += 1;
      process.stdout.write(`npm run simulate -- --seed ${String(seed)}\n  ${problems.join('\n  ')}\n`);
    }
    if (performance.now() - saidMs < SAY_MS) return;
    saidMs = performance.now();
    process.stdout.write(`${String(sum.runs)} of ${String(runs)} runs\n`);
  };
  const children = Array.from({ length: jobs }, (_, job) => {
    const share = ['--seed', String(first + job), '--runs', String(runs - job), '--step', String(jobs)];
    return fork(fileURLToPath(import.meta.url), share).on('message', (outcome) => take(outcome as Outcome));
  });
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0] as number | null));
  const seconds = (performance.now() - startMs) / 1_000;
  process.stdout.write(
    `${String(sum.runs)} runs in ${seconds.toFixed(0)} s: ${String(sum.messages)} messages, ${String(sum.owners)} owners, ` +
      `${String(sum.events)} events; ${String(sum.bad)} whose books do not balance\n`,
  );
  process.exitCode = sum.bad === 0 && sum.runs === runs && codes.every((code) => code === 0) ? 0 : 1;
}
