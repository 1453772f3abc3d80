/**
 * `npm run bench:table`: README's table of performance, from bench/results/<date>.json (full size only).
 *
 * Each row is of the newest file that has its section. With `--check` it only says whether README is what the results say.
 * A row whose figure its section no longer has is an error: a figure that was renamed must be renamed here.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';

const at = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url));
const README = at('README.md');
const RESULTS = 'bench/results';
const [BEGIN, END] = ['<!-- performance: npm run bench:table -->', '<!-- /performance -->'];

/** Section, figure, and what README calls it. */
const ROWS = [
  ['consume', 'frames of 500: Hourglass', 'a backlog in frames of 500, aggregated by one worker thread'],
  ['consume', 'single readings (SenML): Hourglass', 'a backlog of single SenML readings, the same'],
  ['end-to-end', 'published, acknowledged and counted', 'publisher, broker, worker and database at once'],
  ['end-to-end', 'a reading shows in the open hour, median', 'from the publish until the open hour shows it, median'],
  ['end-to-end', 'a reading shows in the open hour, 99 of 100', 'the same, 99 of 100'],
  ['hour-close', 'the hour is final', '100,000 series: from the end of the hour until it is final'],
  [
    'memory-soak',
    'as in the image: resident memory of the process, per series',
    'resident memory of one more series (to 10,000,000)',
  ],
  [
    'memory-soak',
    'as started by hand: resident memory of the process, per series',
    'the same, without the image’s malloc',
  ],
  [
    'memory-soak-two-hours',
    'as in the image: resident memory of the process, per series',
    'the same with two open hours, as in the image',
  ],
  ['publish', 'frames of 500, acknowledged', 'published in frames, acknowledged'],
  ['publish', 'single readings over NATS, acknowledged', 'published one by one over NATS, acknowledged'],
  ['publish', 'single readings over HTTP, answered with 202', 'published one by one over HTTP'],
  ['publish', 'the same requests to an empty route of the same server', 'the same requests to an empty route'],
  ['api', 'a sensor’s month: alone, cold', 'API, a year of 10,000 sensors: a sensor’s month, alone'],
  ['api', 'a sensor’s month, cold: p99', 'the same, 200 requests a second, p99'],
  ['api', 'a sensor’s month, cold, --single-threaded-gc: p99', 'the same, where one thread collects the API’s garbage'],
  ['api', 'a sensor’s month, cold: answered with 200', 'of these, answered'],
  ['api', "a sensor’s month, cold: CPU of the API's process", 'of these, CPU of the API'],
  ['api', 'a sensor’s month, cold: CPU of the database', 'of these, CPU of the database'],
  ['api', 'a district’s month: alone, cold', 'API: a district’s month, alone'],
  ['api', 'a district’s month, cold: p99', 'the same, 200 requests a second, p99'],
  ['api', 'a district’s month, cold: answered with 200', 'of these, answered'],
  ['api', 'the open hour of a district’s sensors: alone, cold', 'API: the open hour of a district’s sensors, alone'],
  ['api', 'the open hour of a district’s sensors, cold: p99', 'the same, 200 requests a second, p99'],
  ['api', 'the open hour of a district’s sensors, cold: answered with 200', 'of these, answered'],
  ['api', 'the open hour of a district’s sensors, cached: p99', 'the same, asked again and again'],
  ['api', 'the city’s year by day: alone, cold', 'API: the city’s year by day, alone'],
  ['baselines', 'frames of 500: ratio to a Map of sums', 'frames: speed beside a plain consumer with a Map'],
  ['baselines', 'frames of 500: ratio to raw readings', 'frames: speed beside raw readings in ClickHouse'],
  ['series', "1,000,000 series, fixed order: CPU of the worker's process", 'CPU of a reading among 1,000,000 series'],
  ['series', "1,000,000 series, random order: CPU of the worker's process", 'the same, sensors in random order'],
  ['city', 'published and acknowledged', '1,000,000 sensors at 1 Hz, all at once: published'],
  ['city', 'end of the hour: from the watermark passing until it is final', 'the end of the hour in it'],
  ['city', 'API: 99 of 100 within', 'the API in it, 100 requests a second, p99'],
];

const sections = newestSections();
const rows = ROWS.filter(([section]) => sections.has(section)).map(toRow);
const table = ['| what | median | unit | least to most | run of |', '| --- | --: | --- | --- | --- |', ...rows].join(
  '\n',
);
const options = { ...(await resolveConfig(README)), parser: 'markdown' };
const block = `${BEGIN}\n\n${(await format(table, options)).trim()}\n\n${END}`;
const readme = readFileSync(README, 'utf8');
const [begin, end] = [readme.indexOf(BEGIN), readme.indexOf(END)];
if (begin < 0 || end < begin) throw new Error(`README.md has no ${BEGIN} ... ${END}`);
const wanted = readme.slice(0, begin) + block + readme.slice(end + END.length);
if (!process.argv.includes('--check')) writeFileSync(README, wanted);
else if (wanted !== readme) {
  console.error('README’s table of performance is not what bench/results says: run `npm run bench:table`.');
  process.exitCode = 1;
}

/** By name, with the file that each is from. */
function newestSections() {
  const found = new Map();
  const files = readdirSync(at(RESULTS)).filter((name) => /^\d{4}-\d{2}-\d{2}\.json$/.test(name));
  for (const file of files.sort())
    for (const section of JSON.parse(readFileSync(at(`${RESULTS}/${file}`), 'utf8')).sections)
      found.set(section.name, { ...section, date: file.slice(0, 10) });
  return found;
}

function toRow([name, figure, what]) {
  const { figures, date } = sections.get(name);
  const found = figures.find((one) => one.what === figure);
  if (found === undefined) throw new Error(`${RESULTS}/${date}.json: ${name} has no figure "${figure}"`);
  // What could not be said (NaN) is null in JSON.
  const values = found.values.filter((value) => value !== null).sort((a, b) => a - b);
  const spread = values.length > 1 ? `${readable(values[0])} to ${readable(values.at(-1))}` : '';
  const unit = found.unit === '' ? 'times' : found.unit;
  return `| ${what} | ${readable(median(values))} | ${unit} | ${spread} | [${date}](${RESULTS}/${date}.md#${name}) |`;
}

function median(sorted) {
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function readable(value) {
  if (!Number.isFinite(value)) return '-';
  return Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));
}
