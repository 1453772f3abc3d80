/**
 * The walls of the house: imports point one way, actors are pure, one file reads the clock.
 *
 * The linter holds them (.oxlintrc.json); here it is shown that it does, on offending sources in a folder of their
 * own. What no rule of the linter can say is looked for in the sources themselves.
 */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const oxlint = join(root, 'node_modules', 'oxlint', 'bin', 'oxlint');

interface Finding {
  readonly code: string;
  readonly filename: string;
}

/** Source file -> its text and the rule that must refuse it; null: it must pass. */
const SOURCES: Record<string, { text: string; rule: string | null }> = {
  'src/model/above.ts': { text: "import '../actors/pure.ts';", rule: 'no-restricted-imports' },
  'src/actors/pure.ts': { text: "import '../model/limits.ts';\nimport './other.ts';", rule: null },
  'src/actors/other.ts': { text: 'export const name = 1;', rule: null },
  'src/actors/node.ts': { text: "import 'node:fs';", rule: 'no-restricted-imports' },
  'src/actors/package.ts': { text: "import 'msgpackr';", rule: 'no-restricted-imports' },
  'src/actors/upward.ts': { text: "import '../runtime/host.ts';", rule: 'no-restricted-imports' },
  'src/actors/timer.ts': { text: 'setTimeout(() => undefined, 1);', rule: 'no-restricted-globals' },
  'src/actors/date.ts': { text: 'export const now = new Date();', rule: 'no-restricted-globals' },
  'src/runtime/host.ts': { text: "import '../actors/pure.ts';\nimport 'node:fs';", rule: null },
  'src/runtime/upward.ts': { text: "import '../cli/up.ts';", rule: 'no-restricted-imports' },
  'src/runtime/decode/clock.ts': { text: 'export const now = Date.now();', rule: 'no-restricted-properties' },
  'src/model/clock.ts': { text: 'export const now = Date.now();', rule: null },
  'src/api/app.ts': { text: "import '../model/limits.ts';", rule: null },
  'src/api/routes/sideways.ts': { text: "import '../../runtime/host.ts';", rule: 'no-restricted-imports' },
  'src/embedded/sideways.ts': { text: "import '../runtime/host.ts';", rule: 'no-restricted-imports' },
  'src/demo/city.ts': { text: "import '../runtime/decode/clock.ts';", rule: null },
  'src/demo/sideways.ts': { text: "import '../runtime/host.ts';", rule: 'no-restricted-imports' },
  'src/publish/publisher.ts': { text: "import '../runtime/decode/clock.ts';", rule: null },
  'src/publish/sideways.ts': { text: "import '../runtime/host.ts';", rule: 'no-restricted-imports' },
  'src/demo/publishes.ts': { text: "import '../publish/publisher.ts';", rule: null },
  'src/drill/faults.ts': { text: "import '../runtime/host.ts';\nimport '../embedded/ports.ts';", rule: null },
  'src/drill/sideways.ts': { text: "import '../api/app.ts';", rule: 'no-restricted-imports' },
  'src/runtime/drilled.ts': { text: "import '../drill/faults.ts';", rule: 'no-restricted-imports' },
  'src/telemetry/sideways.ts': { text: "import '../runtime/host.ts';", rule: 'no-restricted-imports' },
  'src/cli/up.ts': { text: "import '../runtime/host.ts';\nimport '../api/app.ts';", rule: null },
  'web/src/api/http.ts': { text: "import '../url/route.ts';", rule: null },
  'web/src/url/route.ts': { text: 'export const name = 1;', rule: null },
  'web/src/api/sideways.ts': { text: "import '../../../src/model/limits.ts';", rule: 'no-restricted-imports' },
  'web/src/node.ts': { text: "import 'node:fs';", rule: 'no-restricted-imports' },
  'src/runtime/ring-a.ts': { text: "import { b } from './ring-b.ts';\nexport const a = b;", rule: 'no-cycle' },
  'src/runtime/ring-b.ts': { text: "import { a } from './ring-a.ts';\nexport const b = a;", rule: 'no-cycle' },
};

let folder: string;
let findings: Finding[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-boundaries-'));
  // The walls need no types, and the folder has no tsconfig.
  const config = (await readFile(join(root, '.oxlintrc.json'), 'utf8')).replace(
    '"typeAware": true',
    '"typeAware": false',
  );
  await writeFile(join(folder, '.oxlintrc.json'), config);
  for (const [file, { text }] of Object.entries(SOURCES)) {
    await mkdir(join(folder, dirname(file)), { recursive: true });
    await writeFile(join(folder, file), `${text}\n`);
  }
  findings = await lint(folder);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

it.each(Object.entries(SOURCES).map(([file, { rule }]) => ({ file, rule })))(
  '$file: the linter says $rule',
  ({ file, rule }) => {
    const found = findings.filter(({ filename }) => filename.replaceAll(sep, '/') === file).map(({ code }) => code);
    const walls = found.filter((code) => /no-restricted|no-cycle/.test(code));
    if (rule === null) expect(walls).toEqual([]);
    else expect(walls).toEqual([expect.stringContaining(rule)]);
  },
);

it('only the clock file makes a date of now', async () => {
  expect(await sourcesWith(/new Date\(\)/)).toEqual([]);
});

it('the environment is read by the command line, and by whoever looks for the servers’ programs', async () => {
  const readers = await sourcesWith(/process\.env/);
  expect(readers.filter((file) => !/^src\/(main\.ts|cli\/|embedded\/)/.test(file))).toEqual([]);
});

it('nobody silences the linter or the compiler', async () => {
  expect(await sourcesWith(/(?:oxlint|eslint)-disable|@ts-(?:ignore|nocheck)/, { comments: true })).toEqual([]);
});

/** oxlint's findings; it exits with 1 where there are any. */
async function lint(cwd: string): Promise<Finding[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [oxlint, '-f', 'json'], { cwd }).catch(
    (error: { stdout: string }) => error,
  );
  return (JSON.parse(stdout) as { diagnostics: Finding[] }).diagnostics;
}

/** The program's sources, tests left out, whose text matches. */
async function sourcesWith(pattern: RegExp, { comments = false } = {}): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, 'src'), { recursive: true })) {
    if (!entry.endsWith('.ts') || entry.endsWith('.test.ts')) continue;
    const text = await readFile(join(root, 'src', entry), 'utf8');
    if (pattern.test(comments ? text : text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')))
      found.push(`src/${entry.replaceAll(sep, '/')}`);
  }
  return found;
}
