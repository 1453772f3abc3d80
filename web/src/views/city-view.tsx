/**
 * The city at a glance: one hour at a time, as a map, as a list, and as one figure; the ribbon walks through the hours.
 *
 * Boundary: what is shown follows from the route (metric, kind, hour, range, units) and the overview. On the wall there are no
 * controls: type is large, and the metrics take turns.
 */
import type { JSX } from 'preact';
import { useMemo, useRef, useState } from 'preact/hooks';
import { useResource } from '../api/use-resource.ts';
import { gridOf, type Overview, readOverview, readPanel, withLive } from '../city/overview.ts';
import type { CityKnown, Metric } from '../city/use-city.ts';
import { useLive } from '../city/use-live.ts';
import { KindLinks, RangeLinks } from '../components/controls.tsx';
import { DistrictList } from '../components/district-list.tsx';
import { DistrictMap, type Shade } from '../components/district-map.tsx';
import { DistrictTiles } from '../components/district-tiles.tsx';
import { HourRibbon } from '../components/hour-ribbon.tsx';
import { Legend } from '../components/legend.tsx';
import { MetricPanel } from '../components/metric-panel.tsx';
import { Empty, Failure, Pending, StaleNotice } from '../components/states.tsx';
import { ProgressBar, StatusChip } from '../components/status.tsx';
import { HOUR_MS } from '../figures/civil-time.ts';
import { inkOn, rampColour, rampFor } from '../figures/colour.ts';
import { count, decimalsFor, figure, figureWithUnit, percent } from '../figures/format.ts';
import type { HourFigures } from '../figures/hours.ts';
import { type Scale, scaleOf, shareOf } from '../figures/scale.ts';
import { convert } from '../figures/units.ts';
import { theme } from '../theme.ts';
import { go, route, toView } from '../url/navigation.tsx';
import { WallCycle } from '../components/wall-cycle.tsx';

/** Final hours change by corrections only; new ones come with the hour. */
const OVERVIEW_MS = 30_000;

export function CityView({ city }: { city: CityKnown }): JSX.Element {
  const { metric: wanted, kind, range } = route.value;
  const metric = city.metricOf(wanted ?? firstMetric(city));
  // Until the hours of another metric are there, those of the last one stay, under their own name.
  const last = useRef<{ city: string; overview: Overview } | null>(null);
  const districts = city.districts.map(({ district }) => district);
  const rangeKey = typeof range === 'object' ? `${String(range.fromMs)}-${String(range.toMs)}` : range;
  const overview = useResource(
    `overview/${city.id}/${metric.id}/${kind ?? ''}/${rangeKey}/${districts.join(',')}`,
    (signal) => readOverview({ city: city.id, districts, metric: metric.id, kind, range }, signal),
    OVERVIEW_MS,
  );
  if (overview.value !== null) last.current = { city: city.id, overview: overview.value };
  const before = overview.isPending && last.current?.city === city.id ? last.current.overview : null;
  const known = overview.value ?? before;
  if (known === null) {
    if (overview.isPending) return <Pending what={`Reading the hours of ${city.name}`} />;
    if (overview.error !== null) return <Failure error={overview.error} retry={overview.retry} />;
    return (
      <Empty title={`${metric.name} is not measured in ${city.name}`}>
        <p>Choose another metric, or publish readings of this one.</p>
      </Empty>
    );
  }
  return (
    <>
      {overview.error === null ? null : <StaleNotice error={overview.error} retry={overview.retry} />}
      <Glance city={city} metric={city.metricOf(known.metric)} known={known} atMs={overview.atMs} />
    </>
  );
}

/** Temperature where there is any: it is what people look for first. */
function firstMetric({ metrics }: CityKnown): string {
  return (metrics.find(({ id }) => id === 'temperature') ?? metrics[0])?.id ?? '';
}

interface GlanceProps {
  readonly city: CityKnown;
  readonly metric: Metric;
  readonly known: Overview;
  readonly atMs: number;
}

function Glance({ city, metric, known, atMs }: GlanceProps): JSX.Element {
  const { wall, hourMs } = route.value;
  const live = useLive(known.isCurrent ? { city: city.id, district: null, metric: metric.id, kind: known.kind } : null);
  const overview = useMemo(() => withLive(known, live.snapshot), [known, live.snapshot]);
  const [pointed, setPointed] = useState<string | null>(null);
  const [isPlaying, setPlaying] = useState(false);

  const { span, progress } = overview;
  const grid = useMemo(() => gridOf(overview.city, span), [overview]);
  const districtGrids = useMemo(
    () => new Map([...overview.districts].map(([district, hours]) => [district, gridOf(hours, span)])),
    [overview],
  );
  const value = (stored: number): number => convert(stored, metric.own, metric.shown);
  const scale = useMemo(() => scaleOfDistricts(districtGrids, value), [districtGrids, metric]);
  const decimals = decimalsFor(scale.low, scale.high);
  const ramp = rampFor(metric.own.code);

  const at = placeOf(hourMs, span.fromMs, grid);
  const shownMs = span.fromMs + at * HOUR_MS;
  const hour = grid[at] ?? null;
  const setAt = (place: number): void => {
    const isNewest = place === newestPlace(grid);
    go({ hourMs: isNewest && !isPlaying ? null : span.fromMs + place * HOUR_MS }, { replace: true });
  };
  const toDistrict = (district: string): void =>
    go(toView({ name: 'district', city: city.id, district }, { metric: metric.id, kind: route.value.kind }));

  const shown = (stored: number | null): string =>
    figureWithUnit(stored === null ? null : value(stored), decimals, metric.shown);
  const describe = (place: number): string => {
    const ms = span.fromMs + place * HOUR_MS;
    const found = grid[place];
    const when = `${city.time.day(ms)} ${city.time.hourSpan(ms)} ${city.time.zoneName(ms)}`;
    return found == null ? `${when}: no readings` : `${when}: ${shown(found.mean)}, ${found.status}`;
  };
  const shadeOf = (district: string): Shade => {
    const found = districtGrids.get(district)?.[at];
    const name = city.nameOf(district);
    if (found?.mean == null) return { fill: null, ink: 'inherit', name, figure: figure(null, 0), isOpen: false };
    const share = shareOf(scale, value(found.mean));
    return {
      fill: rampColour(ramp, theme.value, share),
      ink: inkOn(ramp, theme.value, share),
      name,
      figure: figure(value(found.mean), decimals),
      isOpen: found.status === 'provisional',
    };
  };
  const shades = new Map(city.districts.map(({ district }) => [district, shadeOf(district)]));
  const mapLabel = `Districts of ${city.name} by ${metric.name}; the list has the same figures`;
  return (
    <div class={`glance${wall ? ' wall' : ''}`}>
      <section class="now" aria-label="The hour on the screen">
        <h1>
          <span class="now-city">{city.name}</span>
          <span class="now-metric">{metric.name}</span>
        </h1>
        <p class="hero">
          <span>{figure(hour?.mean == null ? null : value(hour.mean), decimals)}</span>
          <small>{metric.shown.symbol}</small>
        </p>
        <p class="now-when">
          <span>{city.time.longDay(shownMs)}</span>
          <b>{city.time.hourSpan(shownMs)}</b> <span class="zone">{city.time.zoneName(shownMs)}</span>
        </p>
        <StatusChip hourMs={shownMs} figures={hour} progress={progress} />
        <dl class="facts">
          <Fact name="Lowest" text={figure(hour === null ? null : value(hour.min), decimals)} />
          <Fact name="Highest" text={figure(hour === null ? null : value(hour.max), decimals)} />
          <Fact name="Readings" text={count(hour?.count ?? 0)} />
          {hour?.sensors == null ? null : (
            <Fact
              name="Sensors"
              text={`${count(hour.sensors)}${hour.coverage == null ? '' : ` (${percent(hour.coverage)})`}`}
            />
          )}
        </dl>
        <KindLinks kinds={overview.kinds} current={overview.kind} />
        <Panel city={city} current={metric.id} overview={overview} at={at} />
      </section>

      <section class="place" aria-label="Map">
        {city.shapes === null ? (
          <DistrictTiles
            shades={shades}
            pointed={pointed}
            label={mapLabel}
            onPoint={setPointed}
            onChoose={toDistrict}
          />
        ) : (
          <DistrictMap
            shapes={city.shapes}
            shades={shades}
            pointed={pointed}
            label={mapLabel}
            onPoint={setPointed}
            onChoose={toDistrict}
          />
        )}
        <Legend
          scale={scale}
          ramp={ramp}
          unit={metric.shown}
          name={`${metric.name}, mean of the hour`}
          values={[...districtGrids.values()].flatMap((hours) => {
            const mean = hours[at]?.mean;
            return mean == null ? [] : [value(mean)];
          })}
        />
      </section>

      <DistrictList
        city={city}
        grids={districtGrids}
        at={at}
        shades={shades}
        scale={scale}
        value={value}
        decimals={decimals}
        pointed={pointed}
        onPoint={setPointed}
        routeOf={(district) =>
          toView({ name: 'district', city: city.id, district }, { metric: metric.id, kind: route.value.kind })
        }
      />

      <section class="walk" aria-label="Hours">
        <HourRibbon
          span={span}
          grid={grid}
          value={value}
          scale={scale}
          ramp={ramp}
          time={city.time}
          at={at}
          isPlaying={isPlaying}
          hasPlay={!wall}
          describe={describe}
          onAt={setAt}
          onPlay={setPlaying}
        />
        {wall ? null : (
          <div class="walk-tools">
            <RangeLinks />
            {hourMs === null ? null : (
              <button type="button" class="button" onClick={() => go({ hourMs: null }, { replace: true })}>
                Newest hour
              </button>
            )}
          </div>
        )}
      </section>
      <p class="visually-hidden" aria-live="polite">
        {isPlaying ? '' : hourMs === null ? '' : describe(at)}
      </p>
      <ProgressBar
        progress={progress}
        time={city.time}
        atMs={Math.max(atMs, live.snapshot?.atMs ?? 0)}
        note={noteOf(overview, live.error?.message)}
      />
      {wall ? <WallCycle city={city} current={metric.id} /> : null}
    </div>
  );
}

function noteOf({ isCurrent }: Overview, liveProblem: string | undefined): string | undefined {
  if (!isCurrent) return 'no newer readings: shown as it last was';
  return liveProblem === undefined ? undefined : `the open hour is not followed: ${liveProblem}`;
}

function Fact({ name, text }: { name: string; text: string }): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{text}</dd>
    </div>
  );
}

function Panel({
  city,
  current,
  overview,
  at,
}: {
  city: CityKnown;
  current: string;
  overview: Overview;
  at: number;
}): JSX.Element {
  const { fromMs, toMs } = overview.span;
  const ids = city.metrics.map(({ id }) => id);
  const panel = useResource(
    `panel/${city.id}/${String(fromMs)}/${String(toMs)}/${ids.join(',')}`,
    (signal) => readPanel(city.id, ids, { fromMs, toMs }, signal),
    OVERVIEW_MS,
  );
  return <MetricPanel city={city} hours={panel.value} span={overview.span} current={current} at={at} />;
}

function scaleOfDistricts(
  grids: ReadonlyMap<string, readonly (HourFigures | null)[]>,
  value: (stored: number) => number,
): Scale {
  const means = [...grids.values()].flatMap((grid) =>
    grid.flatMap((hour) => (hour?.mean == null ? [] : [value(hour.mean)])),
  );
  return scaleOf(means);
}

/** The place of the hour asked for, or of the newest hour with readings. */
function placeOf(hourMs: number | null, fromMs: number, grid: readonly (HourFigures | null)[]): number {
  if (hourMs !== null) {
    const place = Math.floor((hourMs - fromMs) / HOUR_MS);
    if (place >= 0 && place < grid.length) return place;
  }
  return newestPlace(grid);
}

function newestPlace(grid: readonly (HourFigures | null)[]): number {
  const last = grid.findLastIndex((hour) => hour !== null);
  return last === -1 ? grid.length - 1 : last;
}
