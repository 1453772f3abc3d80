/**
 * docs/EXAMPLES.md, every block as it stands, against the real program behind keys that `hourglass key` has made.
 *
 * TypeScript blocks are compiled with the project's own strict settings against the built client, then run by Node.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Program, runCommand } from '../support/program.ts';
import { until } from '../support/until.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const compiled = join(root, '.work/examples');
const LANGUAGES = ['sh', 'ts', 'python'] as const;
type Language = (typeof LANGUAGES)[number];

/** What each section prints, in every language. */
const PRINTS: Record<string, RegExp> = {
  'Publish readings': /accepted"?:? ?[12]/,
  'Read hours': /station.*21\.5[^]*provisional/,
  'Write open hours now': /"rows":\s*\d+/,
  'Days of a district as CSV': /^lisbon,alfama,air,temperature,\d{4}-\d\d-\d\d,3,67\.5,/m,
  'Every sensor, page by page': /curl-station[^]*python-station[^]*ts-station/,
  'Only what has changed': /^304$/m,
  'What went wrong': /from: expected an ISO 8601 time/,
};

const sections = await readSections();
const python = spawnSync('python3', ['--version']).status === 0;
const curl = spawnSync('curl', ['--version']).status === 0;

let program: Program;
let env: NodeJS.ProcessEnv;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hourglass-examples-'));
  const made = await runCommand(['key', 'examples', '--scopes', 'read,ingest,admin'], {});
  const key = /hg_[\w-]{43}/.exec(made.output)?.[0] ?? '';
  const file = join(folder, 'api-keys');
  await writeFile(
    file,
    made.output
      .split('\n')
      .filter((line) => line.startsWith('examples '))
      .join('\n'),
  );
  program = await Program.start({ HOURGLASS_API_KEYS_FILE: file });
  env = { ...process.env, HOURGLASS_URL: program.url(''), HOURGLASS_KEY: key };
  await compile();
});
afterAll(async () => {
  await program.dispose();
  await rm(folder, { recursive: true });
  await rm(compiled, { recursive: true, force: true });
});

it('without the key nobody comes in, now that there is one', async () => {
  expect((await fetch(program.url('/v1/cities'))).status).toBe(401);
});

describe.each(sections.map(({ title, blocks }) => [title, blocks] as const))('%s', (title, blocks) => {
  it.for(LANGUAGES)('%s', async (language, { skip }) => {
    const block = blocks[language];
    if (block === undefined) throw new Error(`${title} has no block of ${language}`);
    if (language === 'python' && !python) skip('NOT RUN: there is no python3 on this machine');
    if (language === 'sh' && !curl) skip('NOT RUN: there is no curl on this machine');
    const prints = PRINTS[title];
    if (prints === undefined) throw new Error(`the test does not know what "${title}" prints`);
    // A reading that was just acknowledged takes a moment to reach its hour.
    let output = '';
    await until(`${title} in ${language} prints ${String(prints)}`, 30_000, async () => {
      output = await run(language, title, block);
      return title === 'Read hours' || title.startsWith('Every') ? prints.test(output) : true;
    });
    expect(output).toMatch(prints);
  });
});

/** @throws where it does not end with 0. */
async function run(language: Language, title: string, block: string): Promise<string> {
  const command = {
    sh: ['bash', '-euo', 'pipefail', '-c', block],
    python: ['python3', '-c', block],
    ts: [process.execPath, join(compiled, `${fileName(title)}.js`)],
  }[language];
  const [file = '', ...args] = command;
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += String(text)));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${title} in ${language} ended with ${String(code)}:\n${output}`);
  return output;
}

/** In the project, so that `hourglass/client` is the package's own export. */
async function compile(): Promise<void> {
  await mkdir(compiled, { recursive: true });
  for (const { title, blocks } of sections) await writeFile(join(compiled, `${fileName(title)}.ts`), blocks.ts ?? '');
  const options = {
    noEmit: false,
    lib: ['es2023', 'dom'],
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions: options, include: ['*.ts'] };
  await writeFile(join(compiled, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, stdout } = spawnSync(
    process.execPath,
    [tsc, '-p', compiled, '--allowImportingTsExtensions', 'false'],
    {
      encoding: 'utf8',
    },
  );
  if (status !== 0) throw new Error(`the TypeScript examples do not compile:\n${stdout}`);
}

function fileName(title: string): string {
  return title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
}

async function readSections(): Promise<{ title: string; blocks: Partial<Record<Language, string>> }[]> {
  const text = await readFile(join(root, 'docs/EXAMPLES.md'), 'utf8');
  return text
    .split(/^## /m)
    .slice(1)
    .map((section) => {
      const blocks: Partial<Record<Language, string>> = {};
      for (const [, language, block] of section.matchAll(/^```(\w+)\n([^]*?)^```$/gm))
        blocks[language as Language] = block ?? '';
      return { title: section.slice(0, section.indexOf('\n')), blocks };
    });
}
