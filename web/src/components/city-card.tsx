/**
 * A city on the first page: its name, its time, and the newest day of one metric as a ribbon of colours.
 *
 * Boundary: a link; the ribbon is decoration, and the city's own page has its figures.
 */
import type { JSX } from 'preact';
import { type City, readDistricts, readRollup } from '../api/hourglass.ts';
import { readCityEntry, readMetrics } from '../api/registry.ts';
import { useResource } from '../api/use-resource.ts';
import { gridOf, readKinds, spanOf } from '../city/overview.ts';
import { civilTime } from '../figures/civil-time.ts';
import { rampColour, rampFor } from '../figures/colour.ts';
import { count, titleOf } from '../figures/format.ts';
import { scaleOf, shareOf } from '../figures/scale.ts';
import { theme } from '../theme.ts';
import { now } from '../time.ts';
import { Link, toView } from '../url/navigation.tsx';

export function CityCard({ city, districts, sensors }: City): JSX.Element {
  const entry = useResource(`entry/${city}`, (signal) => readCityEntry(city, signal));
  const newest = useResource(`newest/${city}`, (signal) => readNewestDay(city, signal));
  const time = civilTime(entry.value?.time_zone ?? 'UTC');
  return (
    <Link to={toView({ name: 'city', city })} class="city-card">
      <h2>{entry.value?.name ?? titleOf(city)}</h2>
      <p class="city-clock">
        {time.clock(now.value)} <small>{time.zoneName(now.value)}</small>
      </p>
      <p>
        {count(sensors)} sensor{sensors === 1 ? '' : 's'} in {count(districts)} district{districts === 1 ? '' : 's'}
      </p>
      <Ribbon newest={newest.value} />
      <p class="city-newest">
        {newest.value === null
          ? '\u00a0'
          : `${newest.value.name}, ${newest.value.isCurrent ? 'the last 24 hours' : `24 hours to ${time.longDay(newest.value.newestMs)}`}`}
      </p>
    </Link>
  );
}

type NewestDay = Awaited<ReturnType<typeof readNewestDay>>;

/** The final hours of the newest day, of temperature or of the first metric that there is. */
async function readNewestDay(city: string, signal: AbortSignal) {
  const [districts, metrics] = await Promise.all([readDistricts(city, signal), readMetrics(signal)]);
  const names = [...new Set(districts.flatMap((one) => one.metrics))].sort();
  const metric = names.find((name) => name === 'temperature') ?? names.at(-1);
  if (metric === undefined) return null;
  const found = await readKinds({ city, metric, kind: null }, signal);
  if (found === null) return null;
  const { span, isCurrent } = spanOf('24h', found.newestMs, Date.now());
  const { hours } = await readRollup({ city, district: null, metric, kind: found.kind }, span, signal);
  const entry = metrics.find((one) => one.metric === metric);
  return {
    name: entry?.name ?? titleOf(metric),
    unit: entry?.unit ?? '',
    isCurrent,
    newestMs: found.newestMs,
    means: gridOf(hours, span).map((hour) => (hour?.status === 'final' ? hour.mean : null)),
  };
}

function Ribbon({ newest }: { newest: NewestDay }): JSX.Element {
  const means = newest?.means ?? [];
  const scale = scaleOf(means.filter((mean) => mean !== null));
  const ramp = rampFor(newest?.unit ?? '');
  return (
    <span class="ribbon-cells" aria-hidden="true">
      {means.map((mean, at) => (
        <span
          key={at}
          class={mean === null ? 'none' : ''}
          style={mean === null ? undefined : { background: rampColour(ramp, theme.value, shareOf(scale, mean)) }}
        />
      ))}
    </span>
  );
}
