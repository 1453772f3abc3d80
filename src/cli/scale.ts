/** `hourglass scale N`: change the worker threads while readings flow. */
import { Command, InvalidArgumentError } from 'commander';
import { EnvironmentError } from '../model/errors.ts';
import { WORKERS_MAX } from '../model/limits.ts';
import { table } from './table.ts';
import { askWorkers } from './worker-questions.ts';

export function scaleCommand(): Command {
  return new Command('scale')
    .description('Change the worker threads of the nodes that run, while readings flow')
    .argument('<workers>', 'threads that each node is to have', readWorkers)
    .option('--node <name>', 'only this node (`hourglass status` shows the names before the slash)')
    .addHelpText(
      'after',
      `
Partitions move with a pause below a second each; nothing is lost. The number lasts until the node ends:
HOURGLASS_WORKERS is what it starts with.

Examples:
  $ hourglass scale 4
  $ hourglass scale 1 --node host-4711`,
    )
    .action(async (workers: number, { node }: { node?: string }) => {
      const request = node === undefined ? { workers } : { workers, node };
      const nodes = await askWorkers('hourglass/scale', (queries) => queries.pool(request));
      if (nodes.length === 0)
        throw new EnvironmentError(
          node === undefined ? 'no worker node answers' : `no worker node ${node} answers`,
          'Start one with `hourglass work`, or look at `hourglass status`.',
        );
      console.log(
        table(
          ['node', 'workers'],
          nodes.map((one) => [one.node, String(one.workers)]),
        ),
      );
    });
}

function readWorkers(text: string): number {
  const workers = Number(text);
  if (Number.isInteger(workers) && workers >= 1 && workers <= WORKERS_MAX) return workers;
  throw new InvalidArgumentError(`a whole number from 1 to ${String(WORKERS_MAX)} is needed.`);
}
