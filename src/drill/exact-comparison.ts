/**
 * Is every hour, in the base view and in every rollup, exactly what was published? And do the books say so?
 *
 * Boundary: asks the instance over HTTP and NATS as a user would. Publishing must be paused.
 */
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Clock } from '../model/clock.ts';
import type { ExactAnswer, Figures, Rollup } from './exact-answer.ts';
import type { Instance } from './instance.ts';

export interface Verdict {
  readonly readings: number;
  /** Readings that were acknowledged and are not in the hours. */
  readonly lost: number;
  /** Readings in the hours beyond those that were published. */
  readonly twice: number;
  /** What is wrong, one line each; empty where everything is exact. */
  readonly wrong: readonly string[];
}

interface Ledger {
  /** One that takes long to read is given again for a while. */
  readonly read_at: string;
  readonly balanced: boolean;
  readonly data: readonly {
    readonly partition: number;
    readonly problems: readonly string[];
    readonly settled: boolean;
    readonly messages: { taken: number; used: number; duplicate: number; rejected: number };
    readonly readings: { counted: number; rejected: number };
  }[];
}

/** After a fault the workers may be busy with taking over; a database that was away catches up. */
const SETTLE_MS_MAX = 300_000;
const LOOK_MS = 100;
const RETRY_MS = 500;
/** Differences said one by one; the rest is counted. */
const LINES_MAX = 12;
const CONSUMER_MS_MAX = 10_000;

export interface Judged {
  readonly instance: Instance;
  readonly nc: NatsConnection;
  readonly answer: ExactAnswer;
  readonly clock: Clock;
}

/** Waits until all that is in the stream is counted and can be read, and compares. @throws where that takes too long. */
export async function judge(judged: Judged): Promise<Verdict> {
  const { instance, answer } = judged;
  const lastSequence = await settle(judged);
  const hours = await compareHours(instance, answer);
  // The books first: they tell what kind of fault it is.
  const wrong = [
    ...(await compareBooks(judged, lastSequence)),
    ...(await compareRejects(judged)),
    ...hours.wrong,
    ...(await compareRollups(instance, answer)),
  ];
  const { lost, twice } = hours;
  const readings = answer.readings;
  const more = wrong.length - LINES_MAX;
  const lines = more > 0 ? [...wrong.slice(0, LINES_MAX), `... and ${String(more)} more`] : wrong;
  return { readings, lost, twice, wrong: lines };
}

/** @returns the last sequence of the stream, which all partitions have passed, with all rows written. */
async function settle({ instance, nc, clock }: Judged): Promise<number> {
  const deadlineMs = clock.monotonicMs() + SETTLE_MS_MAX;
  const patiently = async <T>(what: string, ask: () => Promise<T | null>): Promise<T> => {
    for (;;) {
      let answer: T | null = null;
      let reason = '';
      try {
        answer = await ask();
      } catch (error) {
        // A partition changes hands, a server comes back: it passes, or the time runs out.
        reason = error instanceof Error ? error.message : String(error);
      }
      if (answer !== null) return answer;
      if (clock.monotonicMs() > deadlineMs)
        throw new Error(`not within ${String(SETTLE_MS_MAX / 1_000)} s: ${what} ${reason}`);
      await clock.sleep(reason === '' ? LOOK_MS : RETRY_MS);
    }
  };
  const lastSequence = await patiently('the stream is there', async () => await endOfStream(nc));
  await patiently('every message is taken', async () => {
    const { data } = await instance.call<{ data: { position: number | null }[] }>('GET', '/v1/admin/partitions');
    return data.every(({ position }) => (position ?? 0) > lastSequence) ? true : null;
  });
  await patiently('all is written', async () => await instance.call<object>('POST', '/v1/admin/flush'));
  return lastSequence;
}

async function endOfStream(nc: NatsConnection): Promise<number> {
  const jsm = await jetstreamManager(nc, { checkAPI: false });
  return (await jsm.streams.info('READINGS')).state.last_seq;
}

async function compareHours(
  instance: Instance,
  answer: ExactAnswer,
): Promise<{ lost: number; twice: number; wrong: string[] }> {
  const found = await readRows(instance, 'hourly', ['city', 'district', 'kind', 'metric', 'sensor', 'hour']);
  const expected = answer.hourly();
  let lost = 0;
  let twice = 0;
  for (const key of new Set([...expected.keys(), ...found.keys()])) {
    const more = (found.get(key)?.count ?? 0) - (expected.get(key)?.count ?? 0);
    if (more > 0) twice += more;
    else lost -= more;
  }
  return { lost, twice, wrong: differences('hourly', expected, found) };
}

async function compareRollups(instance: Instance, answer: ExactAnswer): Promise<string[]> {
  const wrong: string[] = [];
  for (const by of ['district', 'city'] as const) {
    for (const per of ['hour', 'day'] as const) {
      const view = `${by}_${per === 'hour' ? 'hourly' : 'daily'}`;
      const key = ['city', ...(by === 'district' ? ['district'] : []), 'kind', 'metric', per];
      wrong.push(...differences(view, answer.rollup(by, per), await readRows(instance, view, key, true)));
    }
  }
  return wrong;
}

type Row = Figures & Partial<Rollup>;

async function readRows(
  instance: Instance,
  view: string,
  key: readonly string[],
  withSensors = false,
): Promise<Map<string, Row>> {
  const columns = [...key.map((name) => `toString(${name})`), 'count', 'sum', 'min', 'max'];
  if (withSensors) columns.push('sensors');
  const rows = await instance.query<(string | number)[]>(
    `SELECT ${columns.join(', ')} FROM hourglass.${view} WHERE city LIKE 'drill-%'`,
  );
  return new Map(
    rows.map((row) => {
      const [count, sum, min, max, sensors] = row.slice(key.length).map(Number) as [
        number,
        number,
        number,
        number,
        number | undefined,
      ];
      const figures = { count, sum, min, max, ...(sensors === undefined ? {} : { sensors }) };
      return [row.slice(0, key.length).join('|'), figures];
    }),
  );
}

function differences(view: string, expected: ReadonlyMap<string, Row>, found: ReadonlyMap<string, Row>): string[] {
  const wrong: string[] = [];
  for (const [key, { count, sum, min, max, sensors }] of expected) {
    const want = { count, sum, min, max, ...(sensors === undefined ? {} : { sensors }) };
    const have = found.get(key);
    if (have === undefined) wrong.push(`${view}: ${key} is missing, must be ${JSON.stringify(want)}`);
    else if (JSON.stringify(have) !== JSON.stringify(want))
      wrong.push(`${view}: ${key} is ${JSON.stringify(have)}, must be ${JSON.stringify(want)}`);
  }
  for (const key of found.keys()) if (!expected.has(key)) wrong.push(`${view}: ${key} was never published`);
  return wrong;
}

/** REJECTED holds each at least once; (stream sequence, reason, position) says which. */
async function compareRejects({ nc, answer }: Judged): Promise<string[]> {
  const seen = new Set<string>();
  const found = new Map<string, number>();
  const consumer = await jetstream(nc).consumers.get('REJECTED');
  let { num_pending: left } = await consumer.info();
  while (left > 0) {
    const messages = await consumer.fetch({ max_messages: left, expires: CONSUMER_MS_MAX });
    let got = 0;
    for await (const message of messages) {
      got += 1;
      const header = (name: string): string => message.headers?.get(name) ?? '';
      const reason = header('Hourglass-Reason');
      for (const position of positions(header('Hourglass-Indexes'))) {
        const id = `${header('Hourglass-Stream-Sequence')}.${reason}.${position}`;
        if (seen.has(id)) continue;
        seen.add(id);
        found.set(reason, (found.get(reason) ?? 0) + 1);
      }
    }
    if (got === 0) throw new Error(`REJECTED does not give its last ${String(left)} messages`);
    left -= got;
  }
  const reasons = new Set([...answer.rejected.keys(), ...found.keys()]);
  return [...reasons].flatMap((reason) => {
    const want = answer.rejected.get(reason) ?? 0;
    const have = found.get(reason) ?? 0;
    return have === want ? [] : [`REJECTED: ${String(have)} are ${reason}, must be ${String(want)}`];
  });
}

/** `0-3,7` -> 0, 1, 2, 3, 7; a whole message is one without a position. */
function positions(text: string): string[] {
  if (text === '') return [''];
  return text.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, at) => String(first + at));
  });
}

async function compareBooks({ instance, answer, clock }: Judged, lastSequence: number): Promise<string[]> {
  const startMs = clock.nowMs();
  const deadlineMs = clock.monotonicMs() + SETTLE_MS_MAX;
  for (;;) {
    const ledger = await instance.call<Ledger>('GET', '/v1/ledger').catch(() => null);
    const isOld = ledger !== null && Date.parse(ledger.read_at) < startMs;
    const wrong = ledger === null ? ['the ledger cannot be read'] : wrongInBooks(ledger, answer, lastSequence);
    const isBusy = ledger === null || ledger.data.some(({ settled }) => !settled);
    if ((!isOld && (wrong.length === 0 || !isBusy)) || clock.monotonicMs() > deadlineMs) return wrong;
    await clock.sleep(RETRY_MS);
  }
}

function wrongInBooks({ balanced, data }: Ledger, answer: ExactAnswer, lastSequence: number): string[] {
  const wrong = data.flatMap(({ partition, problems }) =>
    problems.map((problem) => `ledger, partition ${String(partition)}: ${problem}`),
  );
  if (!balanced && wrong.length === 0) wrong.push('the ledger does not balance');
  const sum = (of: (row: Ledger['data'][number]) => number): number => data.reduce((total, row) => total + of(row), 0);
  const taken = sum(({ messages }) => messages.taken);
  const counted = sum(({ readings }) => readings.counted);
  const rejected = sum(({ messages, readings }) => messages.rejected + readings.rejected);
  const mustBeRejected = [...answer.rejected.values()].reduce((total, count) => total + count, 0);
  if (taken !== lastSequence)
    wrong.push(`ledger: ${String(taken)} messages taken, the stream has had ${String(lastSequence)}`);
  if (counted !== answer.readings)
    wrong.push(`ledger: ${String(counted)} readings counted, must be ${String(answer.readings)}`);
  if (rejected !== mustBeRejected)
    wrong.push(`ledger: ${String(rejected)} rejected, must be ${String(mustBeRejected)}`);
  return wrong;
}
