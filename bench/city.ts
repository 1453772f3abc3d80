/** All at once: sensors, broker, worker, database and an API that is asked, through the end of an hour. */
import { setTimeout as pause } from 'node:timers/promises';
import { HOUR_MS, hourIso, hourOf } from '../src/model/hour.ts';
import { addLedger, emptyLedger } from '../src/model/ledger.ts';
import { Random } from '../src/model/random.ts';
import { type WatchedCluster, watchCluster } from '../src/runtime/cluster-view.ts';
import { READINGS_STREAM } from '../src/runtime/message-source.ts';
import { createWorkerQueries } from '../src/runtime/worker-queries.ts';
import { ApiProcess } from './api-process.ts';
import { FRAME_READINGS, publishRound } from './fill.ts';
import { type Benchmark, type Figure, median, percentile, type Section, type Size } from './harness.ts';
import { loadOpenLoop, type LoadResult } from './load.ts';
import { askChild, NodeProcess } from './processes.ts';
import { Servers } from './servers.ts';
import { totalsOf, waitUntil } from './waiting.ts';

interface Plan {
  /** One reading a second each. */
  readonly sensors: number;
  readonly minutes: number;
  readonly requestsPerSecond: number;
  /** Waits for a full hour of the clock; else the allowed disorder is set so that the watermark passes one. */
  readonly realHour: boolean;
}

export interface CityPlan {
  readonly natsUrl: string;
  readonly gateways: number;
  readonly seconds: number;
  /** Frames that are due within it are sent together, at its end. */
  readonly tickMs: number;
  /** Where the hour that ends is not the clock's: readings that are sent before `untilMs` are of it. */
  readonly endedHour: { readonly endMs: number; readonly untilMs: number } | null;
}

export interface CityResult {
  readonly readings: number;
  /** How long after the end of its tick a frame was sent, at most. */
  readonly lateMs: number;
  readonly ms: number;
}

const SIZES: Record<Size, Plan> = {
  tiny: { sensors: 5_000, minutes: 0.2, requestsPerSecond: 5, realHour: false },
  small: { sensors: 200_000, minutes: 1, requestsPerSecond: 50, realHour: false },
  full: { sensors: 1_000_000, minutes: 10, requestsPerSecond: 100, realHour: true },
};
/** One process sends for all gateways: to wake for each frame would cost broker and worker a read each as well. */
const TICK_MS = 10;
const DISORDER_MS = 5_000;
const SECOND_MS = 1_000;
const COUNT_MS_MAX = 120_000;
/** Before the end of the hour, from which the usual rate is taken. */
const CALM_SECONDS = 60;
/** Time from the start of everything until the sensors are known and the run begins, ms. */
const LEAD_MS = 20_000;

/** All of it has just been started then; what the API took is told apart. */
const START_SECONDS = 10;
const LATEST_SECONDS = 20;
const LATE_MS = 50;

/** What was seen in one second. */
interface Second {
  readonly atMs: number;
  readonly counted: number;
  /** Messages in the stream that no partition has taken. */
  readonly backlog: number;
}

/** Some seconds of a run, those with the latest answers, in order, each with how late its latest was. */
function latestSeconds(latenciesMs: readonly number[], perSecond: number): string {
  const seconds = Array.from({ length: Math.ceil(latenciesMs.length / perSecond) }, (_, second) => ({
    second,
    latestMs: Math.max(...latenciesMs.slice(second * perSecond, (second + 1) * perSecond)),
  }));
  const latest = seconds.sort((a, b) => b.latestMs - a.latestMs).slice(0, LATEST_SECONDS);
  return latest
    .sort((a, b) => a.second - b.second)
    .map(({ second, latestMs }) => `${String(second)} (${latestMs.toFixed(0)} ms)`)
    .join(', ');
}

/** How many of each sort of question. */
function lateAnswers(latenciesMs: readonly number[], paths: readonly string[]): string {
  const late = (sort: (path: string) => boolean): number =>
    latenciesMs.filter((ms, at) => ms > LATE_MS && sort(paths[at] ?? '')).length;
  const [sensors, districts] = [late((path) => path.includes('sensor=')), late((path) => path.includes('/districts/'))];
  return `${String(sensors)} of sensors, ${String(districts)} of districts, ${String(late(() => true) - sensors - districts)} of the city`;
}

export const city: Benchmark = {
  name: 'city',
  async run(size, say, minutes = SIZES[size].minutes) {
    const plan = { ...SIZES[size], minutes };
    const servers = await Servers.start();
    try {
      return await live(servers, plan, say);
    } finally {
      await servers.stop();
    }
  },
};

async function live(servers: Servers, plan: Plan, say: (text: string) => void): Promise<Section> {
  const runMs = plan.minutes * 60_000;
  const { natsUrl, clickhouseUrl } = servers.embedded;
  if (plan.realHour) {
    const leftMs = (2 * HOUR_MS - (Date.now() % HOUR_MS) - runMs / 2 - LEAD_MS) % HOUR_MS;
    say(`waiting ${(leftMs / 60_000).toFixed(0)} minutes, so that an hour ends in the middle`);
    await pause(leftMs);
  }
  const topology = await servers.fresh({ keepReadings: false });
  const startMs = Date.now() + LEAD_MS;
  const passesMs = startMs + runMs / 2;
  // A full hour of the clock, or the last one before.
  const endMs = plan.realHour
    ? Math.round((passesMs - DISORDER_MS) / HOUR_MS) * HOUR_MS
    : Math.floor(passesMs / HOUR_MS) * HOUR_MS;
  const disorderMs = plan.realHour ? DISORDER_MS : passesMs - endMs;
  const node = await NodeProcess.start(natsUrl, clickhouseUrl, disorderMs);
  const workers = createWorkerQueries(servers.nc, topology.partitions);
  const cluster = await watchCluster(servers.nc, topology);
  const api = await ApiProcess.start(servers);
  const gateways = plan.sensors / FRAME_READINGS;
  const all = Array.from({ length: gateways }, (_, gateway) => gateway);
  // Every sensor is known, and has a reading in the hour that ends.
  for (const value of [1, 2]) await publishRound(servers.nc, all, Math.min(Date.now(), endMs) - 1, value);
  const first = 2 * plan.sensors;
  await waitUntil('the first rounds are counted', COUNT_MS_MAX, async () => {
    return (await totalsOf(workers)).readingsCounted === first;
  });
  const paths = pathsOf(plan, endMs);
  // The API has run for a while: each district and the city were asked for before.
  for (const path of new Set(paths.filter((one) => !one.includes('sensor='))))
    await (await api.get(path)).arrayBuffer();
  await pause(Math.max(0, startMs - Date.now()));

  const seconds: Second[] = [];
  let closedMs = NaN;
  let isOver = false;
  const watching = watch(servers, workers, topology.partitions, seconds, () => isOver);
  const closing = (async (): Promise<void> => {
    closedMs = await finalAt(cluster, endMs, passesMs + COUNT_MS_MAX);
  })();
  const [published, asked] = await Promise.all([
    askChild<CityPlan, CityResult>('city-process', {
      natsUrl,
      gateways,
      seconds: Math.round(runMs / SECOND_MS),
      tickMs: TICK_MS,
      endedHour: plan.realHour ? null : { endMs, untilMs: passesMs - DISORDER_MS },
    }),
    loadOpenLoop({
      url: api.url,
      key: api.key,
      paths,
      perSecond: plan.requestsPerSecond,
    }),
  ]);
  await closing;
  const total = first + published.readings;
  const caughtUpMs = performance.now();
  await waitUntil('all is counted', COUNT_MS_MAX, async () => (await totalsOf(workers)).readingsCounted === total);
  const restMs = performance.now() - caughtUpMs;
  isOver = true;
  const unanswered = await watching;
  await workers.flush();
  const [count] = await servers.row<[number]>('SELECT sum(count) FROM hourglass.hourly');
  if (count !== total) throw new Error(`${String(count)} readings are in the tables, ${String(total)} were published`);
  await api.kill();
  await node.stop();
  await cluster.close();
  const realPassesMs = endMs + disorderMs;
  say(`seconds with the latest answers: ${latestSeconds(asked.latenciesMs, plan.requestsPerSecond)}`);
  say(`answers later than ${String(LATE_MS)} ms: ${lateAnswers(asked.latenciesMs, paths)}`);
  return {
    name: 'city',
    about: aboutOf(plan, hourIso(hourOf(endMs))),
    figures: figuresOf(plan, { published, asked, seconds, unanswered, restMs, passesMs: realPassesMs, closedMs }),
  };
}

/** One look a second. @returns looks that the worker did not answer in time; the second is then one with the next. */
async function watch(
  servers: Servers,
  workers: ReturnType<typeof createWorkerQueries>,
  partitions: number,
  seconds: Second[],
  isOver: () => boolean,
): Promise<number> {
  let unanswered = 0;
  for (let dueMs = performance.now(); !isOver(); dueMs += SECOND_MS) {
    await pause(Math.max(0, dueMs - performance.now()));
    const [{ state }, statuses] = [await servers.jsm.streams.info(READINGS_STREAM), await workers.status()];
    // A thread that is busy may answer too late: what is then known is not all.
    if (statuses.length !== partitions) {
      unanswered += 1;
      continue;
    }
    const totals = emptyLedger();
    for (const status of statuses) addLedger(totals, status.totals);
    seconds.push({
      atMs: Date.now(),
      counted: totals.readingsCounted,
      backlog: Math.max(0, state.last_seq - totals.messages),
    });
  }
  return unanswered;
}

/** Wall clock, ms. @throws where the hour is not final in time. */
async function finalAt(cluster: WatchedCluster, endMs: number, deadlineMs: number): Promise<number> {
  while (cluster.finalThroughMs() < endMs) {
    if (Date.now() > deadlineMs) throw new Error('the hour did not become final');
    await pause(20);
  }
  return Date.now();
}

/** A sensor's hours, a district's, and the city's, in turn: two hours back, the open one included. */
function pathsOf({ minutes, requestsPerSecond, sensors }: Plan, endMs: number): string[] {
  const random = new Random(3);
  const from = hourIso(hourOf(endMs) - 2);
  return Array.from({ length: Math.round(minutes * 60 * requestsPerSecond) }, (_, at) => {
    const sensor = random.whole(0, sensors - 1);
    const district = `d${String(Math.floor(sensor / FRAME_READINGS) % 10)}`;
    if (at % 3 === 0)
      return `/v1/hourly?city=city&district=${district}&kind=power&metric=kwh&sensor=meter-${String(sensor).padStart(10, '0')}&from=${from}`;
    return at % 3 === 1
      ? `/v1/districts/city/${district}/kwh/hourly?from=${from}`
      : `/v1/cities/city/kwh/hourly?from=${from}`;
  });
}

function figuresOf(
  plan: Plan,
  seen: {
    published: CityResult;
    asked: LoadResult;
    seconds: readonly Second[];
    unanswered: number;
    restMs: number;
    passesMs: number;
    closedMs: number;
  },
): Figure[] {
  const { published, asked, seconds, passesMs, closedMs } = seen;
  const atStart = Math.min(START_SECONDS * plan.requestsPerSecond, Math.floor(asked.latenciesMs.length / 2));
  const [started, later] = [asked.latenciesMs.slice(0, atStart), asked.latenciesMs.slice(atStart)];
  const rates = seconds.slice(1).map((second, at) => {
    const before = seconds[at] ?? second;
    return { atMs: second.atMs, rate: ((second.counted - before.counted) * SECOND_MS) / (second.atMs - before.atMs) };
  });
  const calm = rates.filter(({ atMs }) => atMs < passesMs && atMs >= passesMs - CALM_SECONDS * SECOND_MS);
  const close = rates.filter(({ atMs }) => atMs >= passesMs && atMs <= closedMs + SECOND_MS);
  const usual = median(calm.map(({ rate }) => rate));
  const lowest = Math.min(...close.map(({ rate }) => rate));
  const tenth = Math.max(1, Math.floor(seconds.length / 10));
  const backlogs = seconds.map(({ backlog }) => backlog);
  const one = (what: string, unit: string, value: number): Figure => ({ what, unit, values: [value] });
  return [
    one('published and acknowledged', 'readings/s', (published.readings * SECOND_MS) / published.ms),
    one('a frame was late by, at most', 'ms', published.lateMs),
    one('counted, the usual second', 'readings/s', usual),
    one('looks that the worker did not answer in time', '', seen.unanswered),
    one('backlog, median of the first tenth', 'messages', median(backlogs.slice(0, tenth))),
    one('backlog, median of the last tenth', 'messages', median(backlogs.slice(-tenth))),
    one('backlog, most', 'messages', Math.max(...backlogs)),
    one('after the last reading, until all are counted', 'ms', seen.restMs),
    one('end of the hour: from the watermark passing until it is final', 'ms', closedMs - passesMs),
    one('end of the hour: counted in the lowest second', 'readings/s', lowest),
    one('end of the hour: lowest second to the usual one', '', lowest / usual),
    one('API: half of the answers within', 'ms', percentile(later, 0.5)),
    one('API: 99 of 100 within', 'ms', percentile(later, 0.99)),
    one('API: the latest', 'ms', Math.max(...later)),
    one(`API, its first ${String(START_SECONDS)} s: half of the answers within`, 'ms', percentile(started, 0.5)),
    one(`API, its first ${String(START_SECONDS)} s: the latest`, 'ms', Math.max(...started)),
    one('API: answered with 200', '%', ((asked.statuses['200'] ?? 0) * 100) / asked.latenciesMs.length),
    one('sensors', '', plan.sensors),
  ];
}

function aboutOf({ sensors, minutes, requestsPerSecond, realHour }: Plan, hour: string): string {
  return [
    `${sensors.toLocaleString('en')} sensors with a reading a second, in frames of 500 by ${(sensors / FRAME_READINGS).toLocaleString('en')} gateways, published by a process of its own, which sends every ${String(TICK_MS)} ms what is due, for ${String(minutes)} minutes; broker, one worker thread, database and \`hourglass serve\` (keys and rate limit on) on the same machine; ${String(requestsPerSecond)} requests a second in an open loop: a sensor's hours, a district's and the city's in turn, the open hour included; districts and city were each asked for once before; what was asked in the first ${String(START_SECONDS)} s, while all of it starts, is told apart.`,
    realHour
      ? `The hour that ends in the middle is the clock's (${hour}), with an allowed disorder of 5 s.`
      : `The hour that ends in the middle is the clock's last full one (${hour}): the allowed disorder is set so that the watermark passes its end then, and readings are of it until 5 s before, as at the end of the clock's.`,
    `${realHour ? 'Readings' : 'All others'} have the time at which they are sent. Backlog and counted readings are looked at every second; at the end every reading is in the tables.`,
  ].join(' ');
}
