/**
 * One sensor: its hours as they were counted, how many readings stand behind each, what was corrected, and the open hour growing.
 *
 * Boundary: `GET /v1/hourly` of one series, which has the open hour from the workers' memory; asked again every few seconds.
 */
import type { JSX } from 'preact';
import { readMetricsOfSensor, readSensorHours } from '../api/hourglass.ts';
import { useResource } from '../api/use-resource.ts';
import { gridOf, spanOf } from '../city/overview.ts';
import type { CityKnown } from '../city/use-city.ts';
import { MetricSelect, RangeLinks } from '../components/controls.tsx';
import { CountStrip } from '../components/count-strip.tsx';
import { DaysTable } from '../components/days-table.tsx';
import { HourHead } from '../components/hour-head.tsx';
import { HoursChart } from '../components/hours-chart.tsx';
import { Empty, Failure, Pending, StaleNotice } from '../components/states.tsx';
import { ProgressBar } from '../components/status.tsx';
import { count, decimalsFor, figureWithUnit } from '../figures/format.ts';
import { daysOf } from '../figures/hours.ts';
import { convert } from '../figures/units.ts';
import { Link, route, toView } from '../url/navigation.tsx';
import { cityOf } from '../url/route.ts';

const HOURS_MS = 5_000;

interface SensorViewProps {
  readonly city: CityKnown;
  readonly district: string;
  readonly kind: string;
  readonly sensor: string;
}

export function SensorView({ city, district, kind, sensor }: SensorViewProps): JSX.Element {
  const { metric: wanted, range } = route.value;
  const key = `${city.id}/${district}/${kind}/${sensor}`;
  const series = useResource(`sensor/${key}`, (signal) =>
    readMetricsOfSensor({ city: city.id, district, kind, sensor }, signal),
  );
  const own = series.value?.find(({ metric }) => metric === wanted) ?? series.value?.[0];
  const metric = city.metricOf(own?.metric ?? '');
  const rangeKey = typeof range === 'object' ? `${String(range.fromMs)}-${String(range.toMs)}` : range;
  const lastMs = own === undefined ? 0 : Date.parse(own.last_seen);
  const hours = useResource(
    own === undefined ? null : `hourly/${key}/${metric.id}/${rangeKey}`,
    async (signal) => {
      const { span } = spanOf(range, lastMs, Date.now());
      const of = { city: city.id, district, kind, sensor, metric: metric.id };
      return { ...(await readSensorHours(of, span, signal)), span };
    },
    HOURS_MS,
  );

  if (series.value !== null && own === undefined)
    return (
      <Empty title={`No reading of “${sensor}” has arrived`}>
        <p>
          <Link to={toView({ name: 'district', city: city.id, district })}>The sensors of {city.nameOf(district)}</Link>
        </p>
      </Empty>
    );
  if (hours.value === null) {
    const failed = series.error === null ? hours : series;
    if (failed.error !== null) return <Failure error={failed.error} retry={failed.retry} />;
    return <Pending what={`Reading the hours of ${sensor}`} />;
  }
  const { hours: known, progress, span } = hours.value;
  const grid = gridOf(known, span);
  const value = (stored: number): number => convert(stored, metric.own, metric.shown);
  const extremes = known.flatMap(({ min, max }) => [value(min), value(max)]);
  const decimals = decimalsFor(Math.min(...extremes, Infinity), Math.max(...extremes, -Infinity));
  const newest = known.at(-1) ?? null;
  const corrected = known.filter(({ revision }) => revision > 0);
  const keep = { metric: metric.id, kind };
  return (
    <div class="page">
      {hours.error === null ? null : <StaleNotice error={hours.error} retry={hours.retry} />}
      <nav class="crumbs" aria-label="Where">
        <Link to={toView({ name: 'city', city: cityOf(route.value.view) ?? city.id }, keep)}>{city.name}</Link>
        <span aria-hidden="true">/</span>
        <Link to={toView({ name: 'district', city: city.id, district }, keep)}>{city.nameOf(district)}</Link>
        <span aria-hidden="true">/</span>
      </nav>
      <div class="page-head">
        <h1 class="sensor-name">{sensor}</h1>
        <div class="page-tools">
          <MetricSelect city={city} metrics={series.value?.map((one) => one.metric) ?? []} current={metric.id} />
          <RangeLinks hasCustom />
        </div>
      </div>
      {newest === null ? (
        <Empty title="No readings in this range" isPage={false}>
          <p>
            The newest of this sensor is of {city.time.longDay(lastMs)}, {city.time.clock(lastMs)}.
          </p>
        </Empty>
      ) : (
        <>
          <HourHead
            city={city}
            metric={metric}
            decimals={decimals}
            open={newest.status === 'provisional' ? newest : null}
            final={known.findLast(({ status }) => status === 'final') ?? null}
            progress={progress}
          />
          <HoursChart
            grid={grid}
            span={span}
            time={city.time}
            name={metric.name}
            unit={metric.shown}
            decimals={decimals}
            value={value}
          />
          <CountStrip grid={grid} span={span} time={city.time} />
        </>
      )}
      <div class="columns">
        <DaysTable days={daysOf(known, city.time, progress.finalThroughMs)} {...{ city, metric, decimals, value }} />
        <section class="block" aria-labelledby="corrections-title">
          <h2 id="corrections-title">Corrections</h2>
          {corrected.length === 0 ? (
            <p class="hint">No late reading has corrected a final hour of this range.</p>
          ) : (
            <ul class="corrections">
              {corrected.toReversed().map((hour) => (
                <li key={hour.hourMs}>
                  <b>
                    {city.time.day(hour.hourMs)} {city.time.hourSpan(hour.hourMs)}
                  </b>
                  : revision {String(hour.revision)}, now{' '}
                  {figureWithUnit(hour.mean === null ? null : value(hour.mean), decimals, metric.shown)} from{' '}
                  {count(hour.count)} readings
                </li>
              ))}
            </ul>
          )}
        </section>
      </div>
      <ProgressBar progress={progress} time={city.time} atMs={hours.atMs} />
    </div>
  );
}
