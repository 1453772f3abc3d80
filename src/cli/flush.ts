/** `hourglass flush`: write all open hours now. */
import { Command } from 'commander';
import { askWorkers } from './worker-questions.ts';

export function flushCommand(): Command {
  return new Command('flush')
    .description('Write all open hours now; ends when the rows can be read')
    .addHelpText(
      'after',
      `
Readings that come later for a written hour are added to it: nothing is closed.

Example:
  $ hourglass flush`,
    )
    .action(async () => {
      const { rows } = await askWorkers('hourglass/flush', (workers) => workers.flush());
      console.log(`${rows.toLocaleString('en')} rows written`);
    });
}
