/** What stands where figures would: on their way, not to be had, not there. Boundary: words for readers, with what they can do. */
import type { ComponentChildren, JSX } from 'preact';
import type { ApiError } from '../api/http.ts';
import { askForKey, hasKey } from '../api/key.ts';

export function Pending({ what }: { what: string }): JSX.Element {
  return (
    <p class="state pending" role="status">
      {what} …
    </p>
  );
}

/** A state that has the whole page has its first heading. */
function Title({ isPage, children }: { isPage: boolean; children: ComponentChildren }): JSX.Element {
  return isPage ? <h1>{children}</h1> : <h2>{children}</h2>;
}

export function Failure({
  error,
  retry,
  isPage = true,
}: {
  error: ApiError;
  retry: () => void;
  isPage?: boolean;
}): JSX.Element {
  const isAway = error.status === 0;
  const isLocked = error.status === 401 || error.status === 403;
  return (
    <div class="state failure" role="alert">
      <Title isPage={isPage}>{isAway ? 'No connection' : isLocked ? 'Not allowed' : 'The question failed'}</Title>
      <p>{error.message}</p>
      {isAway ? <p>It is tried again every few seconds.</p> : null}
      <p class="state-buttons">
        {isLocked ? (
          <button type="button" class="button primary" onClick={askForKey}>
            {hasKey.value ? 'Enter another key' : 'Enter a key'}
          </button>
        ) : null}
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      </p>
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

export function Empty({
  title,
  isPage = true,
  children,
}: {
  title: string;
  isPage?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    <div class="state empty">
      <Title isPage={isPage}>{title}</Title>
      {children}
    </div>
  );
}
