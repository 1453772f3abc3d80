/** The command line: every command, its help, its errors. */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { doctorCommand } from './doctor.ts';
import { drillCommand } from './drill.ts';
import { auditCommand } from './audit.ts';
import { flushCommand } from './flush.ts';
import { keyCommand } from './key.ts';
import { migrateCommand } from './migrate.ts';
import { replayCommand } from './replay.ts';
import { scaleCommand } from './scale.ts';
import { serveCommand } from './serve.ts';
import { statusCommand } from './status.ts';
import { upCommand } from './up.ts';
import { workCommand } from './work.ts';

export function createProgram(): Command {
  const program = new Command('hourglass')
    .description('Sensor readings in, exact hourly averages out.')
    .version(version())
    .showHelpAfterError('(--help says more)')
    .addHelpText(
      'after',
      `
Exit codes: 0 done, 1 the answer is no, 2 input or configuration, 3 a server, port, folder or disk, 70 a bug.
Variables: HOURGLASS_NATS_URL, HOURGLASS_CLICKHOUSE_URL, HOURGLASS_DATA_DIR, HOURGLASS_HTTP_PORT and more, see the README.`,
    );
  const commands = [
    upCommand(),
    workCommand(),
    serveCommand(),
    migrateCommand(),
    replayCommand(),
    statusCommand(),
    scaleCommand(),
    flushCommand(),
    auditCommand(),
    keyCommand(),
    doctorCommand(),
    drillCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version: unknown }).version);
}
