/** `hourglass scale N`, `hourglass scale --auto`: change the worker threads while readings flow. */
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError } from 'commander';
import type { PoolReply, PoolRequest } from '../model/cluster.ts';
import { ConfigError, EnvironmentError } from '../model/errors.ts';
import { WORKERS_MAX } from '../model/limits.ts';
import { table } from './table.ts';
import { askWorkers } from './worker-questions.ts';

interface Options {
  readonly node?: string;
  readonly auto?: true;
  readonly min?: number;
  readonly max?: number;
}

export function scaleCommand(): Command {
  return new Command('scale')
    .description('Change the worker threads of the nodes that run, while readings flow')
    .argument('[workers]', 'threads that each node is to have', readWorkers)
    .option('--auto', 'let them follow backlog and processors instead')
    .option('--min <workers>', 'with --auto: at least so many (default 1)', readWorkers)
    .option('--max <workers>', 'with --auto: at most so many (default: the processors of this machine)', readWorkers)
    .option('--node <name>', 'only this node (`hourglass status` shows the names before the slash)')
    .addHelpText(
      'after',
      `
Partitions move a few at a time, each with a pause of about a second (longer where no processor is free); nothing is
lost. With --auto a node grows within seconds where
messages wait and processors are free, and shrinks after minutes of calm; a number turns that off. Either lasts until
the node ends: HOURGLASS_WORKERS (4, or auto:1..8) is what it starts with.

Examples:
  $ hourglass scale 4
  $ hourglass scale --auto --min 2 --max 8
  $ hourglass scale 1 --node host-4711`,
    )
    .action(async (workers: number | undefined, options: Options) => {
      const wanted = { ...poolWanted(workers, options), ...(options.node === undefined ? {} : { node: options.node }) };
      const { before, after } = await askWorkers('hourglass/scale', async (queries) => ({
        before: await queries.pool({}),
        after: await queries.pool(wanted),
      }));
      if (after.length === 0)
        throw new EnvironmentError(
          options.node === undefined ? 'no worker node answers' : `no worker node ${options.node} answers`,
          'Start one with `hourglass work`, or look at `hourglass status`.',
        );
      console.log(report(after));
      const followed = before.filter(({ node, auto }) => auto !== null && after.some((one) => one.node === node));
      if (workers !== undefined && followed.length > 0)
        console.log('They followed the load until now and no longer do; `hourglass scale --auto` turns it on again.');
    });
}

/** @throws {ConfigError} where it is neither a number nor bounds. */
function poolWanted(workers: number | undefined, { auto, min, max }: Options): PoolRequest {
  const advice = 'Give a number, or --auto with or without --min and --max.';
  if (auto !== true) {
    if (min !== undefined || max !== undefined) throw new ConfigError('--min and --max belong to --auto', advice);
    if (workers === undefined) throw new ConfigError('how many worker threads?', advice);
    return { workers };
  }
  if (workers !== undefined) throw new ConfigError('a number and --auto exclude each other', advice);
  const from = min ?? 1;
  const bounds = { min: from, max: max ?? Math.max(from, availableParallelism()) };
  if (bounds.min > bounds.max) throw new ConfigError('--min is above --max', advice);
  return { auto: bounds };
}

function report(nodes: readonly PoolReply[]): string {
  const rows = nodes.map(({ node, workers, auto }) => [
    node,
    String(workers),
    auto === null ? 'as set' : `follow the load, ${String(auto.min)} to ${String(auto.max)}`,
  ]);
  return table(['node', 'workers', 'they are'], rows);
}

function readWorkers(text: string): number {
  const workers = Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX) return workers;
  throw new InvalidArgumentError(`a whole number from 1 to ${String(WORKERS_MAX)} is needed.`);
}
