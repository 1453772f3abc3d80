/**
 * The route on the screen: read from the address bar, written to it, with the browser's back and forward.
 *
 * Boundary: the one place that touches history. Views change the route by {@link go} and never keep what belongs in it.
 */
import { computed, signal } from '@preact/signals';
import type { AnchorHTMLAttributes, ComponentChildren, JSX } from 'preact';
import { formatRoute, parseRoute, type Route, START } from './route.ts';

const current = signal(parseRoute(location.pathname, location.search));

/** What the address says. */
export const route = computed(() => current.value);

addEventListener('popstate', () => {
  current.value = parseRoute(location.pathname, location.search);
});

/** Another view gets an entry in the history; a change within a view, such as the hour, takes the place of the last. */
export function go(change: Partial<Route>, { replace = false }: { replace?: boolean } = {}): void {
  const next = { ...current.value, ...change };
  const url = formatRoute(next);
  if (url === location.pathname + location.search) return;
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  current.value = next;
  if (change.view !== undefined) afterViewChange();
}

/** As after a page load: at the top, and a screen reader begins with the new heading. */
function afterViewChange(): void {
  scrollTo(0, 0);
  requestAnimationFrame(() => document.querySelector<HTMLElement>('main')?.focus());
}

/** The route of another view: units go along, and so does what is asked to stay. */
export function toView(view: Route['view'], keep: Partial<Route> = {}): Route {
  return { ...START, units: current.value.units, ...keep, view };
}

type LinkProps = Omit<AnchorHTMLAttributes, 'href' | 'role'> & {
  to: Route;
  children: ComponentChildren;
};

/** A true link: it can be copied, opened in a tab, and is followed without a page load. */
export function Link({ to, children, ...rest }: LinkProps): JSX.Element {
  const follow = (event: MouseEvent): void => {
    if (
      event.defaultPrevented ||
      event.button !== 0 ||
      event.metaKey ||
      event.ctrlKey ||
      event.shiftKey ||
      event.altKey
    )
      return;
    event.preventDefault();
    go(to);
  };
  return (
    <a {...rest} href={formatRoute(to)} onClick={follow}>
      {children}
    </a>
  );
}
