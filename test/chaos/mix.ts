/**
 * `--minutes M`: everything that a drill breaks, and the network beside it, by chance and at the same time.
 *
 * Boundary: chooses nothing itself (src/drill/mixed-faults.ts does); adds what only proxies can do.
 */
import { FAULTS, type Fault } from '../../src/drill/faults.ts';
import { makeFaults } from '../../src/drill/mixed-faults.ts';
import { threadEnderFile } from '../../src/drill/thread-ender-file.ts';
import { systemClock } from '../../src/model/clock.ts';
import { Arena, type ArenaNode } from './arena.ts';
import type { Outcome } from './campaign.ts';
import type { TcpProxy } from './tcp-proxy.ts';

const FAULT_MS_MAX = 6_000;
const DELAY_MS_MAX = 400;

/** What the network between a node and a server does, and for how long. */
function networkFaults(arena: Arena): Fault[] {
  const between: [string, (node: ArenaNode) => TcpProxy | null][] = [
    ['database', ({ database }) => database],
    ['broker', ({ broker }) => broker],
  ];
  const harms: [string, (proxy: TcpProxy) => void][] = [
    ['cut off from', (proxy) => proxy.cut()],
    ['slow to', (proxy) => proxy.delay(arena.random.whole(20, DELAY_MS_MAX))],
    ['without answers from', (proxy) => proxy.swallowReplies()],
  ];
  return between.flatMap(([server, proxyOf]) =>
    harms.map(([words, harm]) => ({
      name: `${words} ${server}`,
      lane: 'nodes' as const,
      make: async ({ random, clock }) => {
        const node = random.pick(arena.nodes);
        const proxy = proxyOf(node);
        const forMs = random.whole(500, FAULT_MS_MAX);
        if (proxy !== null) harm(proxy);
        await clock.sleep(forMs);
        proxy?.mend();
        return `worker node ${String(node.pid)} ${words} the ${server} for ${(forMs / 1_000).toFixed(1)} s`;
      },
    })),
  );
}

export async function runMix(run: {
  program: string;
  seed: number;
  minutes: number;
  say: (line: string) => void;
}): Promise<Outcome> {
  const { program, seed, minutes, say } = run;
  const startMs = performance.now();
  const arena = await Arena.start({
    program,
    seed,
    nodes: 3,
    perSecond: null,
    shape: { readings: 20, lateShare: 0.02, badShare: 0.002 },
    nodeArgs: ['--import', threadEnderFile()],
  });
  const wrong: string[] = [];
  let tries = 0;
  let verdict = { readings: 0, lost: 0, twice: 0 };
  try {
    const field = {
      instance: arena.instance,
      nodes: arena.nodes,
      random: arena.random,
      clock: systemClock,
      addNode: () => arena.addNode(),
      removeNode: (node: ArenaNode) => arena.removeNode(node),
    };
    tries = await makeFaults(field, [...FAULTS, ...networkFaults(arena)], { seed, minutes, say });
    say('comparing every hour ...');
    const found = await arena.check({ goOn: false });
    verdict = found;
    wrong.push(...found.wrong);
    const audit = await arena.instance.run('audit');
    say(audit.output.trimEnd());
    if (!audit.ok) wrong.push('hourglass audit does not balance');
  } catch (error) {
    wrong.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
  await arena.stop({ keepFolder: wrong.length > 0 });
  const { readings, lost, twice } = verdict;
  return {
    campaign: 'mix',
    fault: `All of the above by chance, and the network, for ${String(minutes)} min at full speed`,
    seed,
    tries,
    readings,
    lost,
    twice,
    wrong,
    figures: {},
    seconds: Math.round((performance.now() - startMs) / 1_000),
    folder: wrong.length > 0 ? arena.folder : '',
  };
}
