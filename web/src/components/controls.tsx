/** What a reader chooses within a view: metric, kind of sensor, range. Boundary: each choice is a link, so that it has an address. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { CityKnown } from '../city/use-city.ts';
import { DAY_MS } from '../figures/civil-time.ts';
import { Menu } from './menu.tsx';
import { go, Link, route } from '../url/navigation.tsx';
import { RANGE_NAMES, type RangeName, type Route } from '../url/route.ts';

export function MetricSelect({
  city,
  metrics,
  current,
}: {
  city: CityKnown;
  metrics: readonly string[];
  current: string;
}): JSX.Element {
  return (
    <label class="select">
      <span class="visually-hidden">Metric</span>
      <select
        value={current}
        onChange={(event) => go({ metric: event.currentTarget.value, kind: null }, { replace: true })}
      >
        {metrics.map((metric) => (
          <option key={metric} value={metric}>
            {city.metricOf(metric).name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** Only where several kinds of sensors measure the same. */
export function KindLinks({ kinds, current }: { kinds: readonly string[]; current: string }): JSX.Element | null {
  if (kinds.length < 2) return null;
  return (
    <nav class="segments" aria-label="Kind of sensors">
      {kinds.map((kind) => (
        <Link key={kind} to={{ ...route.value, kind }} aria-current={kind === current ? 'true' : undefined}>
          {kind}
        </Link>
      ))}
    </nav>
  );
}

const RANGE_TEXT: Readonly<Record<RangeName, string>> = { '24h': '24 hours', '7d': '7 days', '30d': '30 days' };

export function RangeLinks({ hasCustom = false }: { hasCustom?: boolean }): JSX.Element {
  const { range } = route.value;
  return (
    <div class="ranges">
      <nav class="segments" aria-label="Range">
        {RANGE_NAMES.map((name) => (
          <Link
            key={name}
            to={{ ...route.value, range: name, hourMs: null }}
            aria-current={name === range ? 'true' : undefined}
          >
            {RANGE_TEXT[name]}
          </Link>
        ))}
      </nav>
      {hasCustom ? <CustomRange range={range} /> : null}
    </div>
  );
}

/** Days as dates in UTC: what the API's own days are. */
function CustomRange({ range }: { range: Route['range'] }): JSX.Element {
  const given = typeof range === 'object' ? range : { fromMs: Date.now() - 7 * DAY_MS, toMs: Date.now() + DAY_MS };
  const dateOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  const [from, setFrom] = useState(dateOf(given.fromMs));
  const [to, setTo] = useState(dateOf(given.toMs - DAY_MS));
  const fromMs = Date.parse(from);
  const toMs = Date.parse(to) + DAY_MS;
  const isUsable = fromMs < toMs && toMs - fromMs <= CUSTOM_DAYS_MAX * DAY_MS;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (isUsable) go({ range: { fromMs, toMs }, hourMs: null });
  };
  return (
    <Menu
      name={typeof range === 'object' ? `${dateOf(range.fromMs)} to ${dateOf(range.toMs - 1)}` : 'Other days'}
      isChosen={typeof range === 'object'}
    >
      <form class="menu-sheet" onSubmit={submit}>
        <label>
          First day (UTC)
          <input type="date" value={from} onInput={(event) => setFrom(event.currentTarget.value)} required />
        </label>
        <label>
          Last day (UTC)
          <input type="date" value={to} onInput={(event) => setTo(event.currentTarget.value)} required />
        </label>
        {isUsable ? null : <p>At most {String(CUSTOM_DAYS_MAX)} days, the first before the last.</p>}
        <button type="submit" class="button" disabled={!isUsable}>
          Show
        </button>
      </form>
    </Menu>
  );
}

/** A chart has no more pixels than this has hours, and one page of the API holds them. */
const CUSTOM_DAYS_MAX = 90;
