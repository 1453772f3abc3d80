/** What stands where figures would: on their way, not to be had, not there. Boundary: words for readers, with what they can do. */
import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../api/http.ts';

export function Pending({ what }: { what: string }): JSX.Element {
  return (
    <p class="state pending" role="status">
      {what} …
    </p>
  );
}

export function Failure({ error, retry }: { error: ApiError; retry: () => void }): JSX.Element {
  const isAway = error.status === 0;
  const isLocked = error.status === 401 || error.status === 403;
  return (
    <div class="state failure" role="alert">
      <h2>{isAway ? 'No connection' : isLocked ? 'Not allowed' : 'The question failed'}</h2>
      <p>{error.message}</p>
      {isAway ? <p>It is tried again every few seconds.</p> : null}
      <button type="button" class="button" onClick={retry}>
        Try again
      </button>
    </div>
  );
}

/** A failure while older figures are still on the screen. */
export function StaleNotice({ error, retry }: { error: ApiError; retry: () => void }): JSX.Element {
  return (
    <p class="stale" role="alert">
      <span>{error.message} What you see is older.</span>
      <button type="button" class="button small" onClick={retry}>
        Try again
      </button>
    </p>
  );
}

export function Empty({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  return (
    <div class="state empty">
      <h2>{title}</h2>
      {children}
    </div>
  );
}
