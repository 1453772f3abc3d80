/**
 * `Hourglass-Seq`: which numbers of which sessions a source has already sent (contract, section 2, way b).
 *
 * Job: says of each (source, session, number) whether it is new, known or too old to tell. Boundary: pure memory,
 * kept in the checkpoint, so that it holds beyond every window of the broker.
 * Invariant 13: sources and sessions are bounded; the least recently used is forgotten first. Numbers of a session
 * that was forgotten would count again, which is why the bounds are wide and a session is one run of a publisher.
 */
import {
  SESSION_NUMBERS_REMEMBERED,
  SESSION_SOURCES_PER_PARTITION_MAX,
  SESSIONS_PER_SOURCE_MAX,
} from '../model/limits.ts';

export type SequenceVerdict = 'new' | 'duplicate' | 'stale';

const WORDS = SESSION_NUMBERS_REMEMBERED / 32;

/** The highest number of a session and a ring of bits for the numbers behind it. */
interface Session {
  highest: number;
  readonly seen: Uint32Array;
}

/** A source's sessions, as a checkpoint keeps them; the first to leave first. */
export interface SourceSessions {
  readonly source: string;
  readonly sessions: readonly { readonly session: string; readonly highest: number; readonly seen: Uint32Array }[];
}

export class SourceSequences {
  /** Maps keep insertion order: where one may have to go soon, an entry is moved to the end when it is used. */
  readonly #sources = new Map<string, Map<string, Session>>();
  #version = 0;

  /** Changes with every change: for "write only what changed". */
  get version(): number {
    return this.#version;
  }

  /** `source` is `<city>.<district>.<source>`. A verdict `new` marks the number as seen. */
  take(source: string, sessionName: string, number: number): SequenceVerdict {
    const sessions = touch(this.#sources, source, noSessions, SESSION_SOURCES_PER_PARTITION_MAX);
    const session = touch(sessions, sessionName, newSession, SESSIONS_PER_SOURCE_MAX);
    const verdict = mark(session, number);
    this.#version += 1;
    return verdict;
  }

  snapshot(): SourceSessions[] {
    return [...this.#sources].map(([source, sessions]) => ({
      source,
      sessions: [...sessions].map(([session, { highest, seen }]) => ({ session, highest, seen: seen.slice() })),
    }));
  }

  restore(sources: readonly SourceSessions[]): void {
    for (const { source, sessions } of sources) {
      this.#sources.set(
        source,
        new Map(sessions.map((s) => [s.session, { highest: s.highest, seen: Uint32Array.from(s.seen) }])),
      );
    }
  }
}

function noSessions(): Map<string, Session> {
  return new Map();
}

function newSession(): Session {
  return { highest: -1, seen: new Uint32Array(WORDS) };
}

/**
 * The entry of a key, made where it is missing; the one used longest ago leaves where there are too many. Uses are told apart from the
 * time on when half of the places are taken: before, none leaves soon, and to move an entry costs more than to find it.
 */
function touch<V>(map: Map<string, V>, key: string, make: () => V, entriesMax: number): V {
  const known = map.get(key);
  if (known !== undefined && 2 * map.size <= entriesMax) return known;
  const value = known ?? make();
  map.delete(key);
  map.set(key, value);
  if (map.size > entriesMax) {
    const oldest = map.keys().next();
    if (!oldest.done) map.delete(oldest.value);
  }
  return value;
}

function mark(session: Session, number: number): SequenceVerdict {
  if (number <= session.highest - SESSION_NUMBERS_REMEMBERED) return 'stale';
  if (number > session.highest) {
    clearBetween(session, number);
    session.highest = number;
  }
  const bit = number % SESSION_NUMBERS_REMEMBERED;
  const word = bit >>> 5;
  const flag = (1 << (bit & 31)) >>> 0;
  const known = (session.seen[word]! & flag) !== 0;
  session.seen[word] = (session.seen[word]! | flag) >>> 0;
  return known ? 'duplicate' : 'new';
}

/** Numbers between the old and the new highest are not seen yet, whatever the ring held in their places. */
function clearBetween(session: Session, number: number): void {
  if (number - session.highest >= SESSION_NUMBERS_REMEMBERED) {
    session.seen.fill(0);
    return;
  }
  // A word at a time: a gateway that numbers for many sources leaves large gaps in each.
  for (let n = session.highest + 1; n <= number;) {
    const bit = n % SESSION_NUMBERS_REMEMBERED;
    const place = bit & 31;
    const bits = Math.min(32 - place, number - n + 1);
    const word = bit >>> 5;
    session.seen[word] = bits === 32 ? 0 : session.seen[word]! & ~(((1 << bits) - 1) << place);
    n += bits;
  }
}
