/** `hourglass doctor`: looks for what would keep the program from running or from keeping its promises. */
import { Command } from 'commander';
import { explain } from '../model/errors.ts';
import { readConfig } from '../model/config.ts';
import { examine, type Finding } from './examinations.ts';
import { EXIT } from './exit-codes.ts';

const MARK = { ok: 'ok     ', note: 'note   ', bad: 'PROBLEM' } as const;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Look for what would keep it from running, and say what to do. Exit code 1 where there is something')
    .option('--json', 'for programs: one JSON array')
    .addHelpText(
      'after',
      `
Without URLs it looks at what \`hourglass up\` would start here (or has started); with HOURGLASS_NATS_URL and
HOURGLASS_CLICKHOUSE_URL at the servers that these name. It changes nothing.

Examples:
  $ hourglass doctor
  $ HOURGLASS_NATS_URL=nats://host:4222 hourglass doctor --json`,
    )
    .action(async ({ json }: { json?: true }) => {
      const findings = await examineAll();
      if (json) console.log(JSON.stringify(findings, null, 2));
      else for (const finding of findings) console.log(line(finding));
      if (findings.some(({ state }) => state === 'bad')) process.exitCode = EXIT.no;
    });
}

/** A configuration that cannot be used is a finding too: the first, and the last. */
async function examineAll(): Promise<Finding[]> {
  try {
    return await examine(readConfig(process.env), process.env);
  } catch (error) {
    return [{ what: 'configuration', state: 'bad', detail: explain(error) }];
  }
}

function line({ what, state, detail }: Finding): string {
  return `${MARK[state]}  ${what.padEnd(14)}  ${detail}`;
}
