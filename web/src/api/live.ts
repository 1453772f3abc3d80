/**
 * The open hour as it grows: server-sent events where the program has them, a question every few seconds where not.
 *
 * Boundary: events and answers in, one snapshot of all districts per change out. `GET /v1/live` sends `event: hour` with the
 * whole figures of one district's hour each time, so that a lost event costs nothing. The package's EventSource reconnects
 * as a browser's does, and asks by our fetch: the browser's own cannot send a key but in a URL.
 */
import { EventSource } from 'eventsource';
import { HOUR_MS, hourOf } from '../figures/civil-time.ts';
import { addUp, type HourFigures, type Status } from '../figures/hours.ts';
import { ApiError, pathWith } from './http.ts';
import { firstOpenHour, type Progress, readSensorHours, type SensorHour } from './hourglass.ts';
import { fetchWithKey } from './key.ts';

export interface LiveHour extends HourFigures {
  readonly district: string;
  readonly kind: string;
}

export interface LiveSnapshot {
  /** Provisional hours, every district's newest last. */
  readonly hours: readonly LiveHour[];
  readonly progress: Progress;
  /** When the newest figure came, ms since 1970. */
  readonly atMs: number;
  readonly way: 'stream' | 'questions';
}

interface LiveEvent {
  readonly district: string;
  readonly kind: string;
  readonly hour: string;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number;
  readonly max: number;
  readonly mean: number | null;
  /** Null while the hour is open. */
  readonly sensors: number | null;
  readonly status: Status;
  readonly watermark: string;
}

/** Between two questions where there is no stream, ms. */
const QUESTION_MS = 4_000;
/** So long is asked before the stream is tried again, ms. */
const STREAM_AGAIN_MS = 60_000;
/** Figures come faster than eyes read: at most one picture in so long, ms. */
const PICTURE_MS = 400;

export interface LiveAsk {
  readonly city: string;
  /** Null: all of them. */
  readonly district: string | null;
  readonly metric: string;
  readonly kind: string | null;
}

interface Listener {
  readonly onSnapshot: (snapshot: LiveSnapshot) => void;
  /** Told when nothing answers; following goes on, and the next snapshot says that all is well again. */
  readonly onError: (error: ApiError) => void;
}

/** Follows the open hour until `signal` is aborted. */
export async function followOpenHour(ask: LiveAsk, signal: AbortSignal, listener: Listener): Promise<void> {
  while (!signal.aborted) {
    await stream(ask, signal, listener);
    await askAgainAndAgain(ask, signal, listener, Date.now() + STREAM_AGAIN_MS);
  }
}

/** Resolves when the server refuses the stream; a connection that breaks is made again. */
function stream(ask: LiveAsk, signal: AbortSignal, { onSnapshot, onError }: Listener): Promise<void> {
  const hours = new Map<string, LiveHour>();
  let progress: Progress = { watermarkMs: 0, finalThroughMs: 0 };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const source = new EventSource(new URL(pathWith('/v1/live', { ...ask }), location.href), { fetch: fetchWithKey });

  source.addEventListener('hour', (event: MessageEvent<string>) => {
    const figures = JSON.parse(event.data) as LiveEvent;
    const hour = liveHourOf(figures);
    hours.set(`${hour.district}\n${hour.kind}\n${String(hour.hourMs)}`, hour);
    progress = progressAfter(progress, hour, figures.watermark);
    timer ??= setTimeout(() => {
      timer = undefined;
      forgetOld(hours);
      onSnapshot({ hours: [...hours.values()], progress, atMs: Date.now(), way: 'stream' });
    }, PICTURE_MS);
  });
  return new Promise((resolve) => {
    const end = (): void => {
      source.close();
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    signal.addEventListener('abort', end);
    source.addEventListener('error', () => {
      if (source.readyState === EventSource.CLOSED) end();
      else onError(new ApiError(0, 'The connection is interrupted; it is made again by itself.'));
    });
  });
}

function liveHourOf(event: LiveEvent): LiveHour {
  return { ...event, hourMs: Date.parse(event.hour), revision: 0 };
}

function progressAfter(before: Progress, hour: LiveHour, watermark: string): Progress {
  const final = hour.status === 'final' ? hour.hourMs + HOUR_MS : 0;
  return {
    watermarkMs: Math.max(before.watermarkMs, Date.parse(watermark) || 0),
    finalThroughMs: Math.max(before.finalThroughMs, final),
  };
}

/** The newest three hours of each district are enough: the open one and those about to be final. */
function forgetOld(hours: Map<string, LiveHour>): void {
  const newest = Math.max(...[...hours.values()].map(({ hourMs }) => hourMs));
  for (const [key, { hourMs }] of hours) if (hourMs < newest - 2 * HOUR_MS) hours.delete(key);
}

async function askAgainAndAgain(
  ask: LiveAsk,
  signal: AbortSignal,
  { onSnapshot, onError }: Listener,
  untilMs: number,
): Promise<void> {
  while (!signal.aborted && Date.now() < untilMs) {
    try {
      onSnapshot(await readOpenHours(ask, signal));
    } catch (error) {
      if (signal.aborted) return;
      onError(error instanceof ApiError ? error : new ApiError(0, 'The answer could not be read.', error));
    }
    await pause(QUESTION_MS, signal);
  }
}

/** The hours that are not final, of all districts, from their sensors' hours. */
async function readOpenHours(ask: LiveAsk, signal: AbortSignal): Promise<LiveSnapshot> {
  const fromMs = hourOf(Date.now()) - HOUR_MS;
  const { hours, progress, isAll } = await readSensorHours(ask, { fromMs }, signal);
  if (!isAll) throw new ApiError(413, 'This city has more sensors than the page can add up by itself.');
  const open = hours.filter(({ hourMs }) => hourMs >= firstOpenHour(progress));
  return { hours: districtsOf(open), progress, atMs: Date.now(), way: 'questions' };
}

/** Sensors' hours added up by district, kind and hour. */
export function districtsOf(hours: readonly SensorHour[]): LiveHour[] {
  const groups = new Map<string, SensorHour[]>();
  for (const hour of hours) {
    const key = `${hour.district}\n${hour.kind}\n${String(hour.hourMs)}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [hour]);
    else group.push(hour);
  }
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const sum = addUp(group);
    return first === undefined || sum === null ? [] : [{ ...sum, district: first.district, kind: first.kind }];
  });
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}
