/**
 * The command line: every command, its help, its errors.
 *
 * Only the command that is asked for is loaded: the API and the drill bring more code than all others, and a worker or
 * `status` on a small machine should not spend seconds on reading it.
 */
import { readFileSync } from 'node:fs';
import { Command } from 'commander';

/** In the order of the help. */
const COMMANDS: ReadonlyMap<string, () => Promise<Command>> = new Map([
  ['up', async () => (await import('./up.ts')).upCommand()],
  ['work', async () => (await import('./work.ts')).workCommand()],
  ['serve', async () => (await import('./serve.ts')).serveCommand()],
  ['migrate', async () => (await import('./migrate.ts')).migrateCommand()],
  ['replay', async () => (await import('./replay.ts')).replayCommand()],
  ['status', async () => (await import('./status.ts')).statusCommand()],
  ['scale', async () => (await import('./scale.ts')).scaleCommand()],
  ['flush', async () => (await import('./flush.ts')).flushCommand()],
  ['audit', async () => (await import('./audit.ts')).auditCommand()],
  ['key', async () => (await import('./key.ts')).keyCommand()],
  ['doctor', async () => (await import('./doctor.ts')).doctorCommand()],
  ['drill', async () => (await import('./drill.ts')).drillCommand()],
]);

/** @param args of the command line, behind the program's name. */
export async function createProgram(args: readonly string[]): Promise<Command> {
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
  for (const load of loaders(args)) program.addCommand(await load());
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

/** Of the command that is named first; of all where none is: the help tells of them, and what is spelt wrong has neighbours. */
function loaders([first]: readonly string[]): Iterable<() => Promise<Command>> {
  if (first === '--version' || first === '-V') return [];
  const named = COMMANDS.get(first ?? '');
  return named === undefined ? COMMANDS.values() : [named];
}

function version(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return String((manifest as { version: unknown }).version);
}
