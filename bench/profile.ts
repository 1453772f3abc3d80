/**
 * `npm run profile [-- --path singles|numbered|frames] [--messages N] [--write]`: where the time of a worker thread goes, per reading.
 * `--write` keeps the text in bench/results/.
 *
 * Job: a worker node reads a backlog under V8's sampling profiler; the self times of its thread are summed by function.
 * Boundary: says where the time goes, not how much it is: the profiler itself costs. Figures are shares and ns a reading
 * of this run only.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { fillFrames, fillSingles } from './fill.ts';
import { describeMachine } from './harness.ts';
import { NodeProcess } from './processes.ts';
import { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

const MS_MAX = 300_000;
const LINES = 45;

interface Profile {
  nodes: { id: number; callFrame: { functionName: string; url: string; lineNumber: number } }[];
  samples: number[];
  timeDeltas: number[];
}

const { values } = parseArgs({
  options: {
    path: { type: 'string', default: 'singles' },
    messages: { type: 'string', default: '2000000' },
    write: { type: 'boolean', default: false },
  },
});
const messages = Number(values.messages);
const folder = mkdtempSync(join(tmpdir(), 'hourglass-profile-'));
const servers = await Servers.start();
try {
  const topology = await servers.fresh({ keepReadings: false });
  const filled =
    values.path === 'frames'
      ? await fillFrames(servers, Math.ceil(messages / 50), 200_000)
      : await fillSingles(servers, messages, values.path === 'numbered');
  const { natsUrl, clickhouseUrl } = servers.embedded;
  const node = await NodeProcess.start(natsUrl, clickhouseUrl, servers.config.allowedDisorderMs, {
    execArgv: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
  });
  const workers = createWorkerQueries(servers.nc, topology.partitions);
  await waitUntil('all is counted', MS_MAX, async () => (await totalsOf(workers)).messages >= filled.messages);
  await node.stop();
  const text = summary(busiest(folder), filled.readings);
  console.log(text);
  const machine = Object.entries(describeMachine()).map(([name, value]) => `${name} ${String(value)}`);
  if (values.write) writeFileSync(`bench/results/profile-${values.path}.txt`, `${machine.join('; ')}\n${text}\n`);
} finally {
  await servers.stop();
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

/** The profile of the thread that worked most: the host's. */
function busiest(from: string): Map<string, number> {
  let best = new Map<string, number>();
  for (const file of readdirSync(from)) {
    const profile = JSON.parse(readFileSync(join(from, file), 'utf8')) as Profile;
    const selfUs = selfTimes(profile);
    if (busy(selfUs) > busy(best)) best = selfUs;
  }
  return best;
}

function selfTimes({ nodes, samples, timeDeltas }: Profile): Map<string, number> {
  const names = new Map(
    nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
      id,
      url === ''
        ? functionName
        : `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}:${String(lineNumber + 1)}`,
    ]),
  );
  const selfUs = new Map<string, number>();
  for (const [at, id] of samples.entries()) {
    const name = names.get(id) ?? '(unknown)';
    selfUs.set(name, (selfUs.get(name) ?? 0) + (timeDeltas[at + 1] ?? 0));
  }
  return selfUs;
}

function busy(selfUs: ReadonlyMap<string, number>): number {
  let sum = 0;
  for (const [name, us] of selfUs) if (name !== '(idle)' && name !== '(program)') sum += us;
  return sum;
}

function summary(selfUs: ReadonlyMap<string, number>, readings: number): string {
  const total = busy(selfUs);
  const rows = [...selfUs].filter(([name]) => name !== '(idle)').sort((a, b) => b[1] - a[1]);
  const lines = rows
    .slice(0, LINES)
    .map(
      ([name, us]) =>
        `${((us * 1_000) / readings).toFixed(1).padStart(8)}  ${((us * 100) / total).toFixed(1).padStart(5)} %  ${name}`,
    );
  return [
    `${readings.toLocaleString('en')} readings, ${((total * 1_000) / readings).toFixed(0)} ns a reading on the host's thread`,
    'ns a reading   share  function',
    ...lines,
  ].join('\n');
}
