/** The sensors of a district that measure a metric: searched by name, a page at a time. Boundary: links to the sensors. */
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { readSeries, VIEW_ROWS_MAX } from '../api/hourglass.ts';
import { useResource } from '../api/use-resource.ts';
import type { CityKnown, Metric } from '../city/use-city.ts';
import { age, count } from '../figures/format.ts';
import { now } from '../time.ts';
import { Link, toView } from '../url/navigation.tsx';
import { Failure, Pending } from './states.tsx';

const PAGE_SENSORS = 12;

interface SensorListProps {
  readonly city: CityKnown;
  readonly district: string;
  readonly metric: Metric;
  readonly kind: string | null;
}

export function SensorList({ city, district, metric, kind }: SensorListProps): JSX.Element {
  const [words, setWords] = useState('');
  const [page, setPage] = useState(0);
  const series = useResource(`series/${city.id}/${district}/${metric.id}/${kind ?? ''}`, (signal) =>
    readSeries({ city: city.id, district, metric: metric.id, kind }, signal),
  );
  if (series.value === null)
    return series.error === null ? (
      <Pending what="Reading the sensors" />
    ) : (
      <Failure error={series.error} retry={series.retry} isPage={false} />
    );

  const { rows, isAll } = series.value;
  const wanted = words.trim().toLowerCase();
  const found = rows.filter(({ sensor }) => sensor.toLowerCase().includes(wanted));
  const pages = Math.max(1, Math.ceil(found.length / PAGE_SENSORS));
  const at = Math.min(page, pages - 1);
  return (
    <section class="block" aria-labelledby="sensors-title">
      <h2 id="sensors-title">Sensors</h2>
      <label class="search">
        <span class="visually-hidden">Search by name</span>
        <input
          type="search"
          placeholder={`Search ${count(rows.length)}${isAll ? '' : ` of more than ${count(VIEW_ROWS_MAX)}`} sensors`}
          value={words}
          onInput={(event) => {
            setWords(event.currentTarget.value);
            setPage(0);
          }}
        />
      </label>
      <ul class="sensors">
        {found
          .slice(at * PAGE_SENSORS, (at + 1) * PAGE_SENSORS)
          .map(({ kind: kindOf, sensor, last_seen: lastSeen }) => (
            <li key={`${kindOf}/${sensor}`}>
              <Link
                to={toView({ name: 'sensor', city: city.id, district, kind: kindOf, sensor }, { metric: metric.id })}
              >
                <span>{sensor}</span>
                <small>last written {age(now.value - Date.parse(lastSeen))} ago</small>
              </Link>
            </li>
          ))}
      </ul>
      <p class="pager" role="status">
        {found.length === 0 ? 'No sensor has that in its name.' : `Page ${String(at + 1)} of ${String(pages)}`}
        <button type="button" class="button small" disabled={at === 0} onClick={() => setPage(at - 1)}>
          Previous
        </button>
        <button type="button" class="button small" disabled={at >= pages - 1} onClick={() => setPage(at + 1)}>
          Next
        </button>
      </p>
    </section>
  );
}
