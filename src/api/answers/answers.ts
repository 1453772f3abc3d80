/**
 * What caches may do with an answer: validators, ages, and URLs that name a revision.
 *
 * Boundary: HTTP caching (RFC 9111, 9110) over {@link AnswerCache}.
 * - The ETag is a hash of the body: strong, and the same in every process. It is also the revision of the answer.
 * - Final hours: `no-cache`: kept, and asked for again with If-None-Match, so that a correction is seen at once.
 * - `?revision=<revision>` names one content for ever: `immutable` for a year, or 404 once it has been superseded.
 *   Being a hash, it can never stand for other figures.
 * - Open hours and inventories: a few seconds. All else: `no-store`.
 * Where reading needs a credential, an answer is `private`: a shared cache must not give it to somebody without one, and a
 * browser not to a page that shows another one, or none (`Vary`).
 */
import { createHash } from 'node:crypto';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import {
  BACKGROUND_READS_MAX,
  DATABASE_READS_MAX,
  FIGURES_READS_MAX,
  OPEN_ANSWER_AGE_S,
  REVISION_AGE_S,
} from '../../model/limits.ts';
import { type CompactedDaysReader, keptCompactedDays } from '../compacted-days.ts';
import { scopeNeeded } from '../doors/rights.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { Gate } from '../queries/gate.ts';
import { AnswerCache, type Answer } from './answer-cache.ts';

declare module 'hono' {
  interface ContextVariableMap {
    answers: AnswerCache;
    /** Whether reading needs a credential: `private`, else `public`. */
    sharing: 'private' | 'public';
  }
}

export interface AnsweredDeps extends ApiDeps {
  /** How often somebody has asked this app to write down what is in memory, and will want to read it. */
  readonly flushes: () => number;
  /** Questions about figures of places that are with the database at a time. */
  readonly figuresGate: Gate;
  /** The same for what is read anew in good time: nobody waits for it. */
  readonly backgroundGate: Gate;
  /** The same for figures that lie there added up. */
  readonly compactedGate: Gate;
  /** Which days have such figures; null: where no answer is kept, all is read from the rows of blocks. */
  readonly compactedDays: CompactedDaysReader | null;
}

/** For figures that are read again and again, and kept. */
export type KeptFiguresDeps = Pick<
  AnsweredDeps,
  'clickhouse' | 'clock' | 'dataVersion' | 'tablesAreSettled' | 'figuresGate' | 'backgroundGate'
>;

/** @returns the ports with a `dataVersion` that a flush through this app changes at once. */
export function addAnswers(app: OpenAPIHono, deps: ApiDeps): AnsweredDeps {
  const answers = new AnswerCache({
    version: deps.dataVersion ?? null,
    isSettled: () => deps.tablesAreSettled?.() ?? false,
    monotonicMs: () => deps.clock.monotonicMs(),
    onAnswer: (outcome) => deps.onAnswer?.(outcome),
  });
  const sharing = deps.doors === undefined || deps.doors.anonymous.has('read') ? 'public' : 'private';
  app.use(async (c, next) => {
    c.set('answers', answers);
    c.set('sharing', sharing);
    await next();
    if (c.res.ok && c.req.method !== 'GET' && scopeNeeded(c.req.method, c.req.path) === 'admin') answers.clear();
    const caching = c.res.headers.get('Cache-Control');
    // On the answer itself: `c.header` would make a stream of a body that is there.
    if (caching === null) c.res.headers.set('Cache-Control', 'no-store');
    else if (caching.startsWith('private')) c.res.headers.append('Vary', 'Authorization, X-API-Key');
  });
  const answered = {
    ...deps,
    flushes: () => answers.flushes,
    figuresGate: new Gate(FIGURES_READS_MAX),
    backgroundGate: new Gate(BACKGROUND_READS_MAX),
    compactedGate: new Gate(DATABASE_READS_MAX),
    compactedDays: null,
  };
  if (deps.dataVersion === undefined) return answered;
  const dataVersion = (): number => answers.version;
  return { ...answered, dataVersion, compactedDays: keptCompactedDays(deps, dataVersion, answered.flushes) };
}

export function answerOf(text: string, headers: Answer['headers'], isFinal: boolean): Answer {
  const body = Buffer.from(text);
  return { body, revision: createHash('sha256').update(body).digest('base64url').slice(0, 22), headers, isFinal };
}

/** What caches may do with a list that is streamed: its body, and so its ETag, is not known when it begins. */
export function streamCaching(c: Context, isFinal: boolean): Record<string, string> {
  return { 'Cache-Control': isFinal ? `${c.get('sharing')}, no-cache` : openAge(c) };
}

/**
 * The answer, or 304 where the caller has it.
 *
 * @param revision the one that the URL names.
 * @throws {Problem} 404 where it is not the current one, or where hours are not final.
 */
export function respondWith(c: Context, answer: Answer, revision: string | undefined): Response {
  if (revision !== undefined && (!answer.isFinal || revision !== answer.revision)) throw superseded(c, answer);
  return conditional(c, answer, {
    ...answer.headers,
    'Cache-Control': cacheControl(c, answer, revision),
    ...(answer.isFinal ? { 'Hourglass-Revision': answer.revision } : {}),
  });
}

/** The answer, or 304 where the caller has it; no URL names its revision. */
export function respondUnnamed(c: Context, answer: Answer): Response {
  return conditional(c, answer, { ...answer.headers, 'Cache-Control': cacheControl(c, answer, undefined) });
}

function conditional(c: Context, { body, revision, type }: Answer, given: Record<string, string>): Response {
  const headers = { ...given, ETag: `"${revision}"` };
  const known = c.req.header('If-None-Match');
  if (known !== undefined && matches(known, headers.ETag)) return c.body(null, 304, headers);
  // A text would be put behind its headers, as one string of both.
  return c.body(body, 200, { ...headers, 'Content-Type': type ?? 'application/json' });
}

/** Everything but the revision that a question is made of, in one order. */
export function questionOf(c: Context): string {
  const url = new URL(c.req.url);
  url.searchParams.delete('revision');
  url.searchParams.sort();
  return `${url.pathname}?${url.searchParams.toString()}`;
}

function cacheControl(c: Context, { isFinal }: Answer, revision: string | undefined): string {
  if (revision !== undefined) return `${c.get('sharing')}, max-age=${String(REVISION_AGE_S)}, immutable`;
  return isFinal ? `${c.get('sharing')}, no-cache` : openAge(c);
}

function openAge(c: Context): string {
  return `${c.get('sharing')}, max-age=${String(OPEN_ANSWER_AGE_S)}`;
}

function superseded(c: Context, answer: Answer): Problem {
  if (!answer.isFinal)
    return new Problem(404, 'Only an answer whose hours are all final has a revision; leave `revision` out.');
  const url = new URL(c.req.url);
  url.searchParams.set('revision', answer.revision);
  return new Problem(
    404,
    `This revision is not the current one, which is ${answer.revision}: readings that came late have corrected it.`,
    { headers: { Link: `<${url.pathname}${url.search}>; rel="latest-version"` } },
  );
}

/** If-None-Match compares weakly: a compressed answer's tag has `W/` before it. */
function matches(known: string, current: string): boolean {
  return known.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === current);
}
