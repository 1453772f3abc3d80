/**
 * A question to the API as a component sees it: the last answer, whether one is on its way, what went wrong.
 *
 * Boundary: one answer per key; a new key aborts the question before. The last answer stays on the screen while the
 * next is asked for, and also when that fails: then both are there, with the answer's age.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './http.ts';

export interface Resource<Value> {
  readonly value: Value | null;
  readonly error: ApiError | null;
  /** True until the first answer for this key, good or bad. */
  readonly isPending: boolean;
  /** When the value came, ms since 1970. */
  readonly atMs: number;
  readonly retry: () => void;
}

/** After a failure it is asked again this soon, ms. */
const RETRY_MS = 5_000;

interface Held<Value> {
  key: string | null;
  value: Value | null;
  error: ApiError | null;
  atMs: number;
}

/**
 * @param key what is asked; null asks nothing. A value of another key is never shown.
 * @param everyMs ask again so long after an answer; 0: never.
 */
export function useResource<Value>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<Value>,
  everyMs = 0,
): Resource<Value> {
  const [held, setHeld] = useState<Held<Value>>({ key: null, value: null, error: null, atMs: 0 });
  const [turn, setTurn] = useState(0);
  const latest = useRef(load);
  latest.current = load;

  useEffect(() => {
    if (key === null) return;
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const run = async (): Promise<void> => {
      let nextMs = everyMs;
      try {
        const value = await latest.current(stop.signal);
        if (stop.signal.aborted) return;
        setHeld({ key, value, error: null, atMs: Date.now() });
      } catch (error) {
        if (stop.signal.aborted) return;
        const known = error instanceof ApiError ? error : new ApiError(0, 'The answer could not be read.', error);
        setHeld((before) => ({ ...(before.key === key ? before : { key, value: null, atMs: 0 }), error: known }));
        // What is not there, or not allowed, will not be there in five seconds.
        nextMs = known.status === 0 || known.status >= 500 || known.status === 429 ? RETRY_MS : everyMs;
      }
      if (nextMs > 0) timer = setTimeout(() => void run(), document.hidden ? nextMs * 4 : nextMs);
    };
    void run();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, turn]);

  const isOurs = held.key === key;
  return {
    value: isOurs ? held.value : null,
    error: isOurs ? held.error : null,
    isPending: key !== null && !isOurs,
    atMs: isOurs ? held.atMs : 0,
    retry: () => setTurn((before) => before + 1),
  };
}
