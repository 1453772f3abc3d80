/**
 * The open hour as it grows: server-sent events where the program has them, a question every few seconds where not.
 *
 * Boundary: EventSource and fetch in, one snapshot of all districts per change out. `GET /v1/live` sends `event: hour` with the
 * whole figures of one district's hour each time, so that a lost event costs nothing; the browser reconnects by itself.
 */
import { addUp, type HourFigures, type Status } from '../figures/hours.ts';
import { ApiError, pathWith } from './http.ts';
import { firstOpenHour, type Progress, readSensorHours, type SensorHour } from './hourglass.ts';

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
  readonly district: string | null;
  readonly kind: string | null;
  readonly hour: string;
  readonly count: number;
  readonly sum: number | null;
  readonly min: number;
  readonly max: number;
  readonly mean: number | null;
  readonly sensors?: number;
  readonly status: Status;
  readonly watermark: string | null;
}

/** Between two questions where there is no stream, ms. */
const QUESTION_MS = 4_000;
/** Figures come faster than eyes read: at most one picture in so long, ms. */
const PICTURE_MS = 400;

export interface LiveAsk {
  readonly city: string;
  readonly metric: string;
  readonly kind: string | null;
}

/**
 * Follows the open hour until `signal` is aborted.
 *
 * @param onError told when nothing answers; following goes on.
 */
export function followOpenHour(
  ask: LiveAsk,
  signal: AbortSignal,
  onSnapshot: (snapshot: LiveSnapshot) => void,
  onError: (error: ApiError) => void,
): void {
  const hours = new Map<string, LiveHour>();
  let progress: Progress = { watermarkMs: 0, finalThroughMs: 0 };
  let timer: ReturnType<typeof setTimeout> | undefined;
  let hasStream = false;

  const source = new EventSource(pathWith('/v1/live', { ...ask }));
  const stop = (): void => {
    source.close();
    clearTimeout(timer);
  };
  signal.addEventListener('abort', stop, { once: true });

  source.addEventListener('hour', (event: MessageEvent<string>) => {
    hasStream = true;
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
  source.addEventListener('error', () => {
    if (source.readyState !== EventSource.CLOSED || signal.aborted) return;
    if (hasStream) onError(new ApiError(0, 'The live stream was closed.'));
    void askAgainAndAgain(ask, signal, onSnapshot, onError);
  });
}

function liveHourOf(event: LiveEvent): LiveHour {
  const { hour, count, sum, min, max, mean, sensors, status, district, kind } = event;
  const figures = { hourMs: Date.parse(hour), count, sum, min, max, mean, status, revision: 0 };
  return { ...figures, district: district ?? '', kind: kind ?? '', ...(sensors === undefined ? {} : { sensors }) };
}

function progressAfter(before: Progress, hour: LiveHour, watermark: string | null): Progress {
  const watermarkMs = Math.max(before.watermarkMs, Date.parse(watermark ?? '') || 0);
  const finalThroughMs = hour.status === 'final' ? Math.max(before.finalThroughMs, hour.hourMs) : before.finalThroughMs;
  return { watermarkMs, finalThroughMs };
}

/** The newest three hours of each district are enough: the open one and those about to be final. */
function forgetOld(hours: Map<string, LiveHour>): void {
  const newest = Math.max(...[...hours.values()].map(({ hourMs }) => hourMs));
  for (const [key, { hourMs }] of hours) if (hourMs < newest - 2 * 3_600_000) hours.delete(key);
}

async function askAgainAndAgain(
  ask: LiveAsk,
  signal: AbortSignal,
  onSnapshot: (snapshot: LiveSnapshot) => void,
  onError: (error: ApiError) => void,
): Promise<void> {
  while (!signal.aborted) {
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
export async function readOpenHours(ask: LiveAsk, signal: AbortSignal): Promise<LiveSnapshot> {
  // An hour that became final between two answers is asked for once too often, which is harmless.
  const fromMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 3_600_000;
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
