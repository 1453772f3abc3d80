/**
 * `npm run check:data [-- SET...] [--format senml|frame] [--data FOLDER]`: recorded data sets through the whole program,
 * every hour compared with the exact answer, also with everything killed with -9 in the middle.
 *
 * FOLDER has one folder a set with readings.csv.gz and expected_hourly.csv.gz; default ../shared/data beside the project.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { format: { type: 'string' }, data: { type: 'string', default: '../shared/data' } },
});
const data = resolve(root, values.data);
if (!existsSync(data)) {
  console.error(`There are no data sets in ${values.data}. Give their folder: npm run check:data -- --data FOLDER`);
  process.exit(2);
}
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url)),
    'run',
    '--config',
    'vitest.check-data.config.ts',
  ],
  {
    cwd: root,
    stdio: 'inherit',
    env: {
      ...process.env,
      CHECK_DATA_FOLDER: data,
      CHECK_DATA_SETS: positionals.join(','),
      CHECK_DATA_FORMATS: values.format ?? '',
    },
  },
);
process.exitCode = status ?? 1;
