/** `npm run bench`: runs benchmarks in turn, prints the report and writes it to bench/results/. */
import { parseArgs } from 'node:util';
import { baselines } from './baselines.ts';
import { api } from './api.ts';
import { checkpoints } from './checkpoints.ts';
import { city } from './city.ts';
import { consume } from './consume.ts';
import { endToEnd } from './end-to-end.ts';
import { filters } from './filters.ts';
import { type Benchmark, describeMachine, type Section, type Size } from './harness.ts';
import { hourClose } from './hour-close.ts';
import { inserts } from './inserts.ts';
import { memory, memoryOneHour, memoryTwoHours } from './memory.ts';
import { publish } from './publish.ts';
import { writeReport } from './report.ts';
import { manySeries, series } from './series.ts';
import { threads } from './threads.ts';

const ALL: readonly Benchmark[] = [
  consume,
  filters,
  threads,
  endToEnd,
  hourClose,
  inserts,
  checkpoints,
  memory,
  api,
  publish,
  baselines,
  series,
];
/** Hours long or machines large: `npm run bench:soak`. */
const SOAK: readonly Benchmark[] = [city, manySeries, memoryOneHour, memoryTwoHours];
const SIZES: readonly Size[] = ['tiny', 'small', 'full'];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    size: { type: 'string', default: 'full' },
    minutes: { type: 'string' },
    soak: { type: 'boolean', default: false },
    out: { type: 'string', default: 'bench/results' },
  },
});
const size = SIZES.find((one) => one === values.size);
const list = values.soak ? SOAK : ALL;
const chosen = list.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
if (size === undefined || chosen.length === 0) {
  console.error(`--size is one of ${SIZES.join(', ')}; --only names of ${list.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}

const minutes = values.minutes === undefined ? undefined : Number(values.minutes);
const sections: Section[] = [];
for (const benchmark of chosen) {
  console.error(`${benchmark.name} ...`);
  sections.push(await benchmark.run(size, (text) => console.error(`  ${text}`), minutes));
}
const order = [...ALL, ...SOAK].map(({ name }) => name);
console.log(writeReport(values.out, size, describeMachine(), sections, order));
process.exit(0);
