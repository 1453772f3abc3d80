/**
 * The open hour as it grows: how much of it has passed, what is counted so far, where each district stands.
 *
 * Boundary: ../api/live.ts. These figures are of a part of an hour, and everything here says so.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { LiveHour, LiveSnapshot } from '../api/live.ts';
import type { CityKnown, Metric } from '../city/use-city.ts';
import { useLive } from '../city/use-live.ts';
import { MetricSelect } from '../components/controls.tsx';
import { Hourglass } from '../components/icons.tsx';
import { RangeAxis, RangeBar } from '../components/range-bar.tsx';
import { Sparkline } from '../components/sparkline.tsx';
import { Empty, Failure, Pending } from '../components/states.tsx';
import { minutesCounted, ProgressBar } from '../components/status.tsx';
import { HOUR_MS } from '../figures/civil-time.ts';
import { count, decimalsFor, figure, figureWithUnit } from '../figures/format.ts';
import { addUp, type HourFigures } from '../figures/hours.ts';
import { scaleOf } from '../figures/scale.ts';
import { convert } from '../figures/units.ts';
import { now } from '../time.ts';
import { Link, route, toView } from '../url/navigation.tsx';

export function LiveView({ city }: { city: CityKnown }): JSX.Element {
  const { metric: wanted, kind } = route.value;
  const metric = city.metricOf(
    wanted ?? (city.metrics.find(({ id }) => id === 'temperature') ?? city.metrics[0])?.id ?? '',
  );
  const { snapshot, error } = useLive({ city: city.id, district: null, metric: metric.id, kind });
  return (
    <div class="page live">
      <div class="page-head">
        <h1>{city.name}, this hour</h1>
        <div class="page-tools">
          <MetricSelect city={city} metrics={city.metrics.map(({ id }) => id)} current={metric.id} />
        </div>
      </div>
      {snapshot === null ? (
        error === null ? (
          <Pending what="Waiting for the first figures of the open hour" />
        ) : (
          <Failure error={error} retry={() => location.reload()} isPage={false} />
        )
      ) : (
        <OpenHour city={city} metric={metric} snapshot={snapshot} />
      )}
      {snapshot === null ? null : (
        <ProgressBar
          progress={snapshot.progress}
          time={city.time}
          atMs={snapshot.atMs}
          note={error?.message ?? (snapshot.way === 'stream' ? 'as they come' : 'asked every few seconds')}
        />
      )}
    </div>
  );
}

function OpenHour({
  city,
  metric,
  snapshot,
}: {
  city: CityKnown;
  metric: Metric;
  snapshot: LiveSnapshot;
}): JSX.Element {
  const hourMs = Math.max(
    ...snapshot.hours.filter(({ status }) => status === 'provisional').map((hour) => hour.hourMs),
  );
  const open = snapshot.hours.filter((hour) => hour.hourMs === hourMs);
  const kinds = [...new Set(open.map(({ kind }) => kind))].sort();
  const ofKind = open.filter(({ kind }) => kind === kinds[0]);
  const districts = ofKind.toSorted((a, b) => (city.nameOf(a.district) < city.nameOf(b.district) ? -1 : 1));
  const all = addUp(districts);
  const trace = useTrace(`${metric.id}/${String(hourMs)}`, districts, all, snapshot.atMs);
  if (all === null)
    return (
      <Empty title="Nothing has been measured in this hour yet" isPage={false}>
        <p>
          It shows up here with its first reading.{' '}
          <Link to={toView({ name: 'city', city: city.id }, { metric: metric.id })}>The hours before</Link>
        </p>
      </Empty>
    );

  const value = (stored: number): number => convert(stored, metric.own, metric.shown);
  const scale = scaleOf(districts.flatMap(({ min, max }) => [value(min), value(max)]));
  const decimals = decimalsFor(scale.low, scale.high);
  const minutes = minutesCounted(hourMs, snapshot.progress);
  const share = Math.min(1, Math.max(0, (now.value - hourMs) / HOUR_MS));
  const shown = (stored: number | null): string =>
    figureWithUnit(stored === null ? null : value(stored), decimals, metric.shown);
  return (
    <div class="live-columns">
      <section class="live-hour" aria-label="The open hour">
        <Hourglass share={share} isRunning />
        <p class="now-when">
          <b>{city.time.hourSpan(hourMs)}</b> <span class="zone">{city.time.zoneName(hourMs)}</span>
        </p>
        <p class="chip chip-open">Open hour: {String(minutes)} of 60 min</p>
        <p class="hero">
          <span>{figure(all.mean === null ? null : value(all.mean), decimals)}</span>
          <small>{metric.shown.symbol}</small>
        </p>
        <p class="hint">{metric.name}, mean so far</p>
        <dl class="facts">
          <div>
            <dt>Readings</dt>
            <dd>{count(all.count)}</dd>
          </div>
          <div>
            <dt>Readings a second</dt>
            <dd>{trace.perSecond === null ? '–' : figure(trace.perSecond, trace.perSecond < 10 ? 1 : 0)}</dd>
          </div>
        </dl>
        <p class="visually-hidden" aria-live="polite">
          {`${String(Math.floor(minutes / 10) * 10)} minutes of the hour are counted`}
        </p>
      </section>
      <section class="live-districts" aria-label="Districts">
        <table>
          <caption class="visually-hidden">{metric.name} in this hour so far, by district</caption>
          <thead>
            <tr>
              <th scope="col">District</th>
              <th scope="col" class="live-range">
                <RangeAxis scale={scale} unit={metric.shown} />
              </th>
              <th scope="col" class="number">
                Mean so far
              </th>
              <th scope="col" class="live-trace">
                Since you look
              </th>
              <th scope="col" class="number">
                Readings
              </th>
            </tr>
          </thead>
          <tbody>
            {districts.map((hour) => (
              <tr key={hour.district}>
                <th scope="row">
                  <Link
                    to={toView({ name: 'district', city: city.id, district: hour.district }, { metric: metric.id })}
                  >
                    {city.nameOf(hour.district)}
                  </Link>
                </th>
                <td class="live-range">
                  <RangeBar
                    scale={scale}
                    low={value(hour.min)}
                    high={value(hour.max)}
                    mean={hour.mean === null ? null : value(hour.mean)}
                  />
                  <span class="visually-hidden">
                    {shown(hour.min)} to {shown(hour.max)}
                  </span>
                </td>
                <td class="number live-mean">{figure(hour.mean === null ? null : value(hour.mean), decimals + 1)}</td>
                <td class="live-trace">
                  <Trace values={trace.means.get(hour.district) ?? []} value={value} />
                </td>
                <td class="number">{count(hour.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </div>
  );
}

function Trace({ values, value }: { values: readonly number[]; value: (stored: number) => number }): JSX.Element {
  const shown = values.map(value);
  return <Sparkline values={shown} scale={scaleOf(shown)} at={shown.length - 1} />;
}

/** Pictures kept for the small lines: ten minutes at one in two seconds. */
const TRACE_MAX = 300;

interface TraceState {
  key: string;
  means: Map<string, number[]>;
  counts: { atMs: number; count: number }[];
}

/** What came since the view was opened; an hour or metric later it begins anew. */
function useTrace(
  key: string,
  districts: readonly LiveHour[],
  all: HourFigures | null,
  atMs: number,
): { means: ReadonlyMap<string, readonly number[]>; perSecond: number | null } {
  const state = useRef<TraceState>({ key, means: new Map(), counts: [] });
  const [, setTurn] = useState(0);
  useEffect(() => {
    if (state.current.key !== key) state.current = { key, means: new Map(), counts: [] };
    const { means, counts } = state.current;
    for (const { district, mean } of districts) {
      if (mean === null) continue;
      const trace = means.get(district) ?? [];
      trace.push(mean);
      means.set(district, trace.slice(-TRACE_MAX));
    }
    if (all !== null) counts.push({ atMs, count: all.count });
    state.current.counts = counts.slice(-TRACE_MAX);
    setTurn((turn) => turn + 1);
  }, [key, atMs]);
  const { means, counts } = state.current;
  const first = counts.at(-30) ?? counts[0];
  const last = counts.at(-1);
  const isEnough = first !== undefined && last !== undefined && last.atMs - first.atMs > 1_500;
  return { means, perSecond: isEnough ? ((last.count - first.count) * 1_000) / (last.atMs - first.atMs) : null };
}
