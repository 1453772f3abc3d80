/**
 * A district: its hours with the band from lowest to highest, its days, its sensors.
 *
 * Boundary: the route says which district, metric, kind and range. Days are civil days of the city's zone, added up from hours.
 */
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { csvPath, readRollup } from '../api/hourglass.ts';
import { fetchWithKey } from '../api/key.ts';
import { useResource } from '../api/use-resource.ts';
import { gridOf, laterOf, readKinds, spanOf } from '../city/overview.ts';
import type { CityKnown, Metric } from '../city/use-city.ts';
import { useLive } from '../city/use-live.ts';
import { KindLinks, MetricSelect, RangeLinks } from '../components/controls.tsx';
import { DaysTable } from '../components/days-table.tsx';
import { HourHead } from '../components/hour-head.tsx';
import { HoursChart } from '../components/hours-chart.tsx';
import { SensorList } from '../components/sensor-list.tsx';
import { Empty, Failure, Pending, StaleNotice } from '../components/states.tsx';
import { ProgressBar } from '../components/status.tsx';
import { decimalsFor } from '../figures/format.ts';
import { daysOf, type HourFigures } from '../figures/hours.ts';
import { convert } from '../figures/units.ts';
import { Link, route, toView } from '../url/navigation.tsx';
import type { Range } from '../url/route.ts';

const HOURS_MS = 30_000;

export function DistrictView({ city, district }: { city: CityKnown; district: string }): JSX.Element {
  const { metric: wanted, kind, range } = route.value;
  const known = city.districts.find((one) => one.district === district);
  const metrics = known?.metrics ?? [];
  const metric = city.metricOf(
    wanted !== null && metrics.includes(wanted)
      ? wanted
      : (metrics.find((id) => id === 'temperature') ?? metrics[0] ?? ''),
  );
  const rangeKey = typeof range === 'object' ? `${String(range.fromMs)}-${String(range.toMs)}` : range;
  const hours = useResource(
    known === undefined ? null : `district/${city.id}/${district}/${metric.id}/${kind ?? ''}/${rangeKey}`,
    (signal) => load({ city: city.id, district, metric: metric.id, kind, range }, signal),
    HOURS_MS,
  );
  if (known === undefined)
    return (
      <Empty title={`There is no district “${district}” in ${city.name}`}>
        <p>
          No reading of it has arrived. <Link to={toView({ name: 'city', city: city.id })}>All of {city.name}</Link>
        </p>
      </Empty>
    );
  if (hours.value === null)
    return hours.error === null ? (
      <Pending what={`Reading the hours of ${city.nameOf(district)}`} />
    ) : (
      <Failure error={hours.error} retry={hours.retry} />
    );
  return (
    <div class="page">
      {hours.error === null ? null : <StaleNotice error={hours.error} retry={hours.retry} />}
      <Detail
        city={city}
        district={district}
        metric={metric}
        metrics={metrics}
        loaded={hours.value}
        atMs={hours.atMs}
      />
    </div>
  );
}

type Loaded = Awaited<ReturnType<typeof load>>;

async function load(
  of: { city: string; district: string; metric: string; kind: string | null; range: Range },
  signal: AbortSignal,
) {
  const { kinds, kind, newestMs } = (await readKinds(of, signal)) ?? { kinds: [], kind: null, newestMs: 0 };
  const { span, isCurrent } = spanOf(of.range, newestMs, Date.now());
  const { hours, progress } = await readRollup({ ...of, kind }, span, signal);
  return { kinds, kind, span, isCurrent, hours, progress };
}

interface DetailProps {
  readonly city: CityKnown;
  readonly district: string;
  readonly metric: Metric;
  readonly metrics: readonly string[];
  readonly loaded: Loaded;
  readonly atMs: number;
}

function Detail({ city, district, metric, metrics, loaded, atMs }: DetailProps): JSX.Element {
  const { kinds, kind, span, isCurrent, hours } = loaded;
  const live = useLive(isCurrent ? { city: city.id, district, metric: metric.id, kind } : null);
  const progress = live.snapshot === null ? loaded.progress : laterOf(loaded.progress, live.snapshot.progress);
  const known = useMemo(() => {
    const byHour = new Map<number, HourFigures>(hours.map((hour) => [hour.hourMs, hour]));
    for (const hour of live.snapshot?.hours ?? [])
      if (hour.district === district && hour.kind === kind && byHour.get(hour.hourMs)?.status !== 'final')
        byHour.set(hour.hourMs, hour);
    return [...byHour.values()].sort((a, b) => a.hourMs - b.hourMs);
  }, [hours, live.snapshot]);
  const grid = useMemo(() => gridOf(known, span), [known, span]);
  const value = (stored: number): number => convert(stored, metric.own, metric.shown);
  const extremes = known.flatMap(({ min, max }) => [value(min), value(max)]);
  const decimals = decimalsFor(Math.min(...extremes, Infinity), Math.max(...extremes, -Infinity));
  const newest = known.at(-1) ?? null;
  const lastFinal = known.findLast(({ status }) => status === 'final') ?? null;

  return (
    <>
      <nav class="crumbs" aria-label="Where">
        <Link to={toView({ name: 'city', city: city.id }, { metric: metric.id, kind: route.value.kind })}>
          {city.name}
        </Link>
        <span aria-hidden="true">/</span>
      </nav>
      <div class="page-head">
        <h1>{city.nameOf(district)}</h1>
        <div class="page-tools">
          <MetricSelect city={city} metrics={metrics} current={metric.id} />
          <KindLinks kinds={kinds} current={kind ?? ''} />
          <RangeLinks hasCustom />
          <a
            class="button"
            href={csvPath({ city: city.id, district, metric: metric.id, kind }, span)}
            onClick={(event) => void saveCsv(event, `${city.id}-${district}-${metric.id}.csv`)}
          >
            CSV
          </a>
        </div>
      </div>
      {newest === null ? (
        <Empty title="No readings in this range" isPage={false}>
          <p>Choose a longer range, or other days.</p>
        </Empty>
      ) : (
        <>
          <HourHead
            city={city}
            metric={metric}
            decimals={decimals}
            open={newest.status === 'provisional' ? newest : null}
            final={lastFinal}
            progress={progress}
          />
          <HoursChart
            grid={grid}
            span={span}
            time={city.time}
            name={`${metric.name} in ${city.nameOf(district)}`}
            unit={metric.shown}
            decimals={decimals}
            value={value}
          />
        </>
      )}
      <div class="columns">
        <DaysTable
          days={daysOf(known, city.time, progress.finalThroughMs)}
          city={city}
          metric={metric}
          decimals={decimals}
          value={value}
        />
        <SensorList city={city} district={district} metric={metric} kind={kind} />
      </div>
      <ProgressBar progress={progress} time={city.time} atMs={Math.max(atMs, live.snapshot?.atMs ?? 0)} />
    </>
  );
}

/** A link cannot ask for CSV by itself: it is fetched with the right header, and then saved. */
async function saveCsv(event: MouseEvent, name: string): Promise<void> {
  const link = event.currentTarget as HTMLAnchorElement;
  event.preventDefault();
  const response = await fetchWithKey(link.href, { headers: { accept: 'text/csv' } });
  if (!response.ok) return;
  const url = URL.createObjectURL(await response.blob());
  const save = document.createElement('a');
  save.href = url;
  save.download = name;
  save.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
