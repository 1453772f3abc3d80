/**
 * A drill: a private instance under full load, broken by chance for some minutes, and compared with the exact answer.
 *
 * Boundary: everything it starts it ends; its folder is removed where all was well, and kept where something was not.
 */
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import { explain } from '../model/errors.ts';
import type { Log } from '../model/log.ts';
import { Random } from '../model/random.ts';
import { connectNats } from '../runtime/connections.ts';
import { type CityShape, DrillCity } from './city.ts';
import { judge } from './exact-comparison.ts';
import { FAULTS, type Field, type FieldNode } from './faults.ts';
import { Instance } from './instance.ts';
import { Load } from './load.ts';
import { makeFaults } from './mixed-faults.ts';
import { threadEnderFile } from './thread-ender-file.ts';

export interface DrillOptions {
  readonly minutes: number;
  readonly seed: number;
  /** The built entry, `dist/main.js`. */
  readonly program: string;
  readonly env: NodeJS.ProcessEnv;
  readonly clock: Clock;
  readonly log: Log;
  /** A line for people. */
  readonly say: (line: string) => void;
}

export interface DrillResult {
  readonly faults: number;
  readonly readings: number;
  readonly lost: number;
  readonly twice: number;
  /** One line each; empty where everything is exact. */
  readonly wrong: readonly string[];
  /** Logs of all processes; null where it was removed. */
  readonly folder: string | null;
}

const NODES = 3;
/** Some hours months late, some readings bad, so that every path is taken. */
const SHAPE: CityShape = { sources: 640, readings: 20, lateShare: 0.02, months: 4, badShare: 0.002 };

/** Never rejects for what it finds: that is in `wrong`. */
export async function runDrill(options: DrillOptions): Promise<DrillResult> {
  const { clock, log, program, env, say, seed, minutes } = options;
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-drill-'));
  say(`a private instance in ${folder}: broker, database, API and ${String(NODES)} worker nodes`);
  const instance = await Instance.start({ program, folder, env, clock, log });
  let nc: NatsConnection | null = null;
  let faults = 0;
  let verdict = { readings: 0, lost: 0, twice: 0, wrong: [] as readonly string[] };
  try {
    nc = await connectNats(instance.natsUrl, 'hourglass/drill');
    const city = new DrillCity(seed, SHAPE, clock.nowMs());
    const load = new Load(nc, city, { clock, log }, { perSecond: null, session: randomUUID() });
    const field = fieldOf(instance, seed, clock);
    await Promise.all(Array.from({ length: NODES }, () => field.addNode()));
    load.resume();
    say(`publishing at full speed; ${String(minutes)} min of faults, seed ${String(seed)}`);
    faults = await makeFaults(field, FAULTS, { seed, minutes, say });
    await load.pause();
    // Of those that were sent twice under one id, the stream took one.
    const stored = load.published.messages - load.published.duplicates;
    say(`${stored.toLocaleString('en')} messages are acknowledged; comparing every hour ...`);
    verdict = await judge({ instance, nc, answer: city.answer, clock });
    const audit = await instance.run('audit');
    say(audit.output.trimEnd());
    if (!audit.ok) verdict = { ...verdict, wrong: [...verdict.wrong, 'hourglass audit does not balance'] };
  } catch (error) {
    verdict = { ...verdict, wrong: [...verdict.wrong, explain(error)] };
  } finally {
    await nc?.close();
    await instance.stop();
  }
  const isWell = verdict.wrong.length === 0;
  if (isWell) await rm(folder, { recursive: true, force: true });
  return { faults, ...verdict, folder: isWell ? null : folder };
}

function fieldOf(instance: Instance, seed: number, clock: Clock): Field {
  const nodes: FieldNode[] = [];
  return {
    instance,
    nodes,
    random: new Random(seed),
    clock,
    addNode: async () => {
      const child = instance.startNode({ nodeArgs: ['--import', threadEnderFile()] });
      const node = { process: child, pid: await child.pid() };
      nodes.push(node);
      return node;
    },
    removeNode: (node) => {
      nodes.splice(nodes.indexOf(node), 1);
      return Promise.resolve();
    },
  };
}
