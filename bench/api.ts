/** The API's hot calls over a year of hours, asked in an open loop. */
import { setTimeout as pause } from 'node:timers/promises';
import { DAY_HOURS, HOUR_MS, hourIso, hourOf } from '../src/model/hour.ts';
import { Random } from '../src/model/random.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { ApiCity, type Expected, hoursOfYear, INCARNATION } from './api-city.ts';
import { ApiProcess } from './api-process.ts';
import { type Question, questionsOf } from './api-questions.ts';
import { type Benchmark, type Figure, percentile, type Size } from './harness.ts';
import { loadOpenLoop } from './load.ts';
import { NodeProcess } from './processes.ts';
import { Servers } from './servers.ts';
import { LOOK_MS, totalsOf, waitUntil } from './waiting.ts';

interface Plan {
  readonly sensors: number;
  /** Of 2025; absent: all. */
  readonly hours?: number;
  readonly perSecond: number;
  /** Of each phase. */
  readonly seconds: number;
  /** Phases of new questions, each on an API of its own. */
  readonly coldRounds: number;
  /** Requests one after the other, before any load. */
  readonly alone: number;
}

const SIZES: Record<Size, Plan> = {
  tiny: { sensors: 100, hours: 31 * 24, perSecond: 50, seconds: 1, coldRounds: 1, alone: 2 },
  small: { sensors: 2_000, hours: 90 * 24, perSecond: 200, seconds: 5, coldRounds: 1, alone: 10 },
  full: { sensors: 10_000, perSecond: 200, seconds: 10, coldRounds: 5, alone: 20 },
};
const YEAR = 2025;
const OPEN_READINGS = 3;
/** Of the city that is asked about before a cold phase. */
const WARM_UP_SENSORS_MAX = 500;
/** The hour of the newest readings stays open while this takes its time. */
const DISORDER_MS = HOUR_MS;
const READY_MS_MAX = 60_000;
/** Of its CPU in a second: from less than this on the API has read ahead what it reads ahead. */
const REST_CPU_MS = 200;
const REST_MS_MAX = 120_000;
/** Two looks, and a month after the other with rests between. */
const COMPACTED_MS_MAX = 15 * 60_000;

/** How a question is asked, and of what kind of process. */
interface Way {
  readonly name: string;
  readonly isCold: boolean;
  readonly nodeFlags: readonly string[];
}
const COLD: Way = { name: 'cold', isCold: true, nodeFlags: [] };
/** As README has it for machines of two cores. */
const COLD_ONE_COLLECTOR: Way = {
  name: 'cold, --single-threaded-gc',
  isCold: true,
  nodeFlags: ['--single-threaded-gc'],
};
const CACHED: Way = { name: 'cached', isCold: false, nodeFlags: [] };

export const api: Benchmark = {
  name: 'api',
  async run(size, say) {
    const plan = SIZES[size];
    const servers = await Servers.start();
    try {
      const topology = await servers.fresh({ keepReadings: false });
      const [firstHour, endOfYear] = hoursOfYear(YEAR);
      const endHour = plan.hours === undefined ? endOfYear : firstHour + plan.hours;
      const cityOf = (name: string, sensors: number): ApiCity =>
        new ApiCity(name, sensors, firstHour, endHour, topology.partitions);
      const other = cityOf('elsewhere', Math.min(plan.sensors, WARM_UP_SENSORS_MAX));
      const city = cityOf('metropolis', plan.sensors);
      await other.fill(servers.clickhouse, () => undefined);
      for (const one of [city, other]) await one.fillWeekBefore(servers.clickhouse, hourOf(Date.now()));
      const fillS = await fill(servers, city, other.rows + other.rowsOfWeek + city.rowsOfWeek, say);
      const { natsUrl, clickhouseUrl } = servers.embedded;
      const node = await NodeProcess.start(natsUrl, clickhouseUrl, DISORDER_MS);
      const openMs = Date.now();
      await knownBefore(servers, [city, other], openMs);
      for (let at = 0; at < OPEN_READINGS; at++)
        for (const one of [city, other]) await one.publishOpenHour(servers.nc, openMs);
      const workers = createWorkerQueries(servers.nc, topology.partitions);
      await waitUntil(
        'the open hour is counted',
        READY_MS_MAX,
        async () => (await totalsOf(workers)).readingsCounted === (1 + OPEN_READINGS) * (city.sensors + other.sensors),
      );
      const compactedS = await compacted(servers, city);
      const questions = questionsOf(city, hourOf(openMs), OPEN_READINGS);
      const elsewhere = questionsOf(other, hourOf(openMs), OPEN_READINGS);
      const figures: Figure[] = [
        { what: 'filling the tables', unit: 's', values: [fillS] },
        { what: 'until the worker node has compacted all days', unit: 's', values: [compactedS] },
      ];
      for (const [at, question] of questions.entries()) {
        if (await isIdle(servers)) figures.push(await alone(servers, city, question, plan));
        // The first is the dearest, and its answers leave the most to collect.
        const coldWays = at === 0 ? [COLD, COLD_ONE_COLLECTOR] : [COLD];
        const phases: Figure[] = [];
        for (let round = 0; round < plan.coldRounds; round++)
          for (const way of round === 0 ? [...coldWays, CACHED] : coldWays)
            phases.push(
              ...(await phase(servers, { question, elsewhere: elsewhere[at] ?? question, way, round }, plan, say)),
            );
        figures.push(...roundByRound(phases));
      }
      await node.stop();
      return { name: 'api', about: aboutOf(city, plan, questions), figures };
    } finally {
      await servers.stop();
    }
  },
};

/** @param rowsBefore that are in the table. */
async function fill(servers: Servers, city: ApiCity, rowsBefore: number, say: (text: string) => void): Promise<number> {
  const startMs = performance.now();
  await city.fill(servers.clickhouse, say);
  const seconds = (performance.now() - startMs) / 1_000;
  const [rows] = await servers.row<[number]>('SELECT count() FROM hourglass.hourly_facts');
  if (rows !== city.rows + rowsBefore)
    throw new Error(`${String(rows)} of ${String(city.rows + rowsBefore)} rows are in the table`);
  say(`${city.rows.toLocaleString('en')} rows in ${seconds.toFixed(0)} s`);
  return seconds;
}

/** A reading of the hour before, of each sensor: new ones have a row at once, which the open hour's questions would meet in their first hour. */
async function knownBefore(servers: Servers, cities: readonly ApiCity[], openMs: number): Promise<void> {
  for (const city of cities) await city.publishOpenHour(servers.nc, openMs - HOUR_MS);
  const sensors = cities.reduce((sum, city) => sum + city.sensors, 0);
  await waitUntil('each sensor is known', READY_MS_MAX, async () => {
    const [rows] = await servers.row<[number]>(
      `SELECT count() FROM hourglass.hourly_facts
       WHERE hour = toDateTime(${String(hourOf(openMs) * 3_600 - 3_600)}) AND incarnation != ${String(INCARNATION)}`,
    );
    return rows === sensors;
  });
}

/** Seconds until the worker node has compacted every day of the city. */
async function compacted(servers: Servers, { firstHour, endHour }: ApiCity): Promise<number> {
  const startMs = performance.now();
  await waitUntil('every day is compacted', COMPACTED_MS_MAX, async () => {
    const [days] = await servers.row<[number]>(
      `SELECT count() FROM hourglass.day_versions AS v WHERE (v.day, v.blocks) IN
       (SELECT toDate(begins), blocks FROM hourglass.compacted_rollups WHERE step = 'compacted')`,
    );
    return days >= Math.floor((endHour - firstHour) / DAY_HOURS);
  });
  return (performance.now() - startMs) / 1_000;
}

/** One request after the other, after an answer has been compared with what it must be. */
async function alone(servers: Servers, city: ApiCity, question: Question, { alone: count }: Plan): Promise<Figure> {
  const process = await ApiProcess.start(servers);
  await waitUntil('the year is final', READY_MS_MAX, async () => {
    const response = await process.get(`/v1/hourly?limit=1&to=${hourIso(city.endHour)}`);
    return Date.parse(response.headers.get('Hourglass-Final-Through') ?? '') >= city.endHour * HOUR_MS;
  });
  await check(process, question);
  const values: number[] = [];
  for (const path of question.coldPaths(count, new Random(2))) {
    const startMs = performance.now();
    await (await process.get(path)).text();
    values.push(performance.now() - startMs);
  }
  await process.stop();
  return { what: `${question.name}: alone, cold`, unit: 'ms', values };
}

/** False where questions of the phase before still run after a minute, or the database has no memory for a question. */
async function isIdle(servers: Servers): Promise<boolean> {
  const deadline = performance.now() + READY_MS_MAX;
  const query = "SELECT count() FROM system.processes WHERE query LIKE '%hourglass.%' AND query_id != queryID()";
  while (performance.now() < deadline) {
    const [running] = await servers.row<[number]>(query).catch(() => [-1]);
    if (running === 0) return true;
    await pause(LOOK_MS);
  }
  return false;
}

/** An API of its own, so that nothing of the phase before waits in it or is kept; it is asked before, so that its code has run. */
async function phase(
  servers: Servers,
  { question, elsewhere, way, round }: { question: Question; elsewhere: Question; way: Way; round: number },
  { perSecond, seconds }: Plan,
  say: (text: string) => void,
): Promise<Figure[]> {
  if (!(await isIdle(servers))) {
    say(`${question.name}, ${way.name}: not measured, the database has not recovered from the phase before`);
    return [
      { what: `${question.name}, ${way.name}: not measured, the database has not recovered`, unit: '', values: [NaN] },
    ];
  }
  const process = await ApiProcess.start(servers, way.nodeFlags);
  const name = `${question.name}, ${way.name}`;
  const count = perSecond * seconds;
  const { url, key } = process;
  const before = way.isCold ? elsewhere.coldPaths(count, new Random(3)) : question.cachedPaths(count, new Random(3));
  await loadOpenLoop({ url, key, paths: before, perSecond });
  const restS = await atRest(process);
  const start = await answersOf(process);
  const random = new Random(round + 1);
  const paths = way.isCold ? question.coldPaths(count, random) : question.cachedPaths(count, random);
  const [apiMs, databaseMs] = [process.cpuMs(), servers.databaseCpuMs()];
  const { latenciesMs, statuses } = await loadOpenLoop({ url, key, paths, perSecond });
  const apiCpuMs = (process.cpuMs() - apiMs) / count;
  const databaseCpuMs = (servers.databaseCpuMs() - databaseMs) / count;
  const end = await answersOf(process);
  const [all, kept] = [end.all - start.all, end.kept - start.kept];
  await process.kill();
  const [p50, p99, most] = [0.5, 0.99, 1].map((share) => percentile(latenciesMs, share));
  const answered = statuses['200'] ?? 0;
  say(
    `${name}: ${[p50, p99, most].map((ms) => (ms ?? NaN).toFixed(1)).join(' / ')} ms, CPU ${apiCpuMs.toFixed(1)} + ${databaseCpuMs.toFixed(1)} ms, ${((kept * 100) / all).toFixed(0)} % kept, ${JSON.stringify(statuses)}`,
  );
  return [
    ...(way.isCold ? [{ what: `${name}: reading ahead before it`, unit: 's', values: [restS] }] : []),
    { what: `${name}: p50`, unit: 'ms', values: [p50 ?? NaN] },
    { what: `${name}: p99`, unit: 'ms', values: [p99 ?? NaN] },
    { what: `${name}: the latest`, unit: 'ms', values: [most ?? NaN] },
    { what: `${name}: CPU of the API's process`, unit: 'ms a request', values: [apiCpuMs] },
    { what: `${name}: CPU of the database`, unit: 'ms a request', values: [databaseCpuMs] },
    { what: `${name}: answered with 200`, unit: '%', values: [(answered * 100) / paths.length] },
    { what: `${name}: kept or joined answers`, unit: '%', values: [(kept * 100) / all] },
  ];
}

/** One figure of each name, with a value of each round. */
function roundByRound(phases: readonly Figure[]): Figure[] {
  const figures = new Map<string, Figure>();
  for (const { what, unit, values } of phases)
    figures.set(what, { what, unit, values: [...(figures.get(what)?.values ?? []), ...values] });
  return [...figures.values()];
}

/** @returns seconds until it is; at once where nobody knows. */
async function atRest(process: ApiProcess): Promise<number> {
  const startMs = performance.now();
  let [before, cpuMs] = [process.cpuMs(), Infinity];
  while (cpuMs > REST_CPU_MS && performance.now() - startMs < REST_MS_MAX) {
    await pause(1_000);
    const now = process.cpuMs();
    cpuMs = now - before;
    before = now;
  }
  return (performance.now() - startMs) / 1_000;
}

/** NaN where it is too busy to say. */
function answersOf(process: ApiProcess): Promise<{ all: number; kept: number }> {
  return process.answers().catch(() => ({ all: NaN, kept: NaN }));
}

/** Row by row. */
async function check(process: ApiProcess, question: Question): Promise<void> {
  const { path, rows } = question.known();
  const { data } = (await (await process.get(path)).json()) as { data: Expected[] };
  if (data.length !== rows.length)
    throw new Error(`${question.name}: ${String(data.length)} rows, not ${String(rows.length)}`);
  for (const [at, expected] of rows.entries()) {
    for (const name of ['count', 'sum', 'min', 'max'] as const) {
      if (data[at]?.[name] !== expected[name])
        throw new Error(
          `${question.name}, row ${String(at)}: ${name} is ${String(data[at]?.[name])}, not ${String(expected[name])}`,
        );
    }
  }
}

function aboutOf(city: ApiCity, { perSecond, seconds, coldRounds }: Plan, questions: readonly Question[]): string {
  return [
    `\`hourglass serve\` with API keys and rate limit on, over ${city.rows.toLocaleString('en')} rows: ${city.sensors.toLocaleString('en')} sensors of ${String(city.districts)} districts of one city, four metrics in turn, 100 sensors behind each gateway, every hour from ${hourIso(city.firstHour)} to ${hourIso(city.endHour)}, made inside ClickHouse and merged month by month, and the week before the open hour; one worker thread with the open hour of every sensor, each known since the hour before; its node has compacted all days (what it does by itself, some time after they are over).`,
    `Open loop: ${String(perSecond)} requests a second, each sent at its due time, for ${String(seconds)} s a phase, one question at a time, on an API started for it; ${String(coldRounds)} phases of new questions with draws of their own, those of a sensor’s month in turn with ones of an API that has one thread collect its garbage (\`node --single-threaded-gc\`); before each phase comes one whose figures do not count, so that the API's code has run: before a cached one one like it with other draws, before a cold one the same question about another city, of ${String(WARM_UP_SENSORS_MAX)} sensors; then the API comes to rest (it takes less than ${String(REST_CPU_MS)} ms of CPU in a second), since it reads compacted hours and days, sensors known and how many readings open hours usually have of all places when somebody has asked for some: a cold answer is one that was not given before, to a process that was asked about another city; the load's process, too, has asked for something else before (/healthz), so that its own beginning is nobody's latency; latencies count from the due time to the last byte, and of a request without an answer 10 s after the last was due, up to then. CPU is that of all threads of a process from before a phase to after it, whatever they do besides, by requests. The load's process, API, broker and database share the machine. Of each question one answer is compared row by row with figures computed without the database.`,
    `Keys: ${questions.map(({ name, cold, cached }) => `${name}, cold: ${cold}; cached: ${cached}`).join('. ')}.`,
  ].join(' ');
}
