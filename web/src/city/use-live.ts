/** The open hour of a city's metric, followed while a view is on the screen. Boundary: the hook around ../api/live.ts. */
import { useEffect, useState } from 'preact/hooks';
import type { ApiError } from '../api/http.ts';
import { followOpenHour, type LiveAsk, type LiveSnapshot } from '../api/live.ts';

interface Followed {
  readonly key: string;
  readonly snapshot: LiveSnapshot | null;
  readonly error: ApiError | null;
}

/** @param ask null follows nothing. */
export function useLive(ask: LiveAsk | null): Omit<Followed, 'key'> {
  const key = ask === null ? '' : [ask.city, ask.district, ask.kind, ask.metric].join('\n');
  const [followed, setFollowed] = useState<Followed>({ key: '', snapshot: null, error: null });
  useEffect(() => {
    if (ask === null) return;
    const stop = new AbortController();
    void followOpenHour(ask, stop.signal, {
      onSnapshot: (snapshot) => setFollowed({ key, snapshot, error: null }),
      onError: (error) =>
        setFollowed((before) => ({ key, snapshot: before.key === key ? before.snapshot : null, error })),
    });
    return () => stop.abort();
    // The key says all that the question does.
  }, [key]);
  return followed.key === key ? followed : { snapshot: null, error: null };
}
