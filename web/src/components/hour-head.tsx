/** The last final hour and the open one, side by side, never mixed. Boundary: two hours in, words out. */
import type { JSX } from 'preact';
import type { Progress } from '../api/hourglass.ts';
import type { CityKnown, Metric } from '../city/use-city.ts';
import { HOUR_MS } from '../figures/civil-time.ts';
import { count, figure, percent } from '../figures/format.ts';
import type { HourFigures } from '../figures/hours.ts';
import { convert } from '../figures/units.ts';
import { Hourglass } from './icons.tsx';
import { StatusChip } from './status.tsx';

interface HourHeadProps {
  readonly city: CityKnown;
  readonly metric: Metric;
  readonly decimals: number;
  readonly open: HourFigures | null;
  readonly final: HourFigures | null;
  readonly progress: Progress;
}

export function HourHead({ city, metric, decimals, open, final, progress }: HourHeadProps): JSX.Element {
  return (
    <div class="hour-head">
      {final === null ? null : <Hour title="Last final hour" hour={final} {...{ city, metric, decimals, progress }} />}
      {open === null ? null : (
        <Hour
          title="Open hour, growing"
          hour={open}
          share={(progress.watermarkMs - open.hourMs) / HOUR_MS}
          {...{ city, metric, decimals, progress }}
        />
      )}
    </div>
  );
}

function Hour({
  title,
  hour,
  share,
  city,
  metric,
  decimals,
  progress,
}: Omit<HourHeadProps, 'open' | 'final'> & { title: string; hour: HourFigures; share?: number }): JSX.Element {
  const shown = (stored: number | null): number | null =>
    stored === null ? null : convert(stored, metric.own, metric.shown);
  return (
    <section class={`hour-card ${hour.status}`} aria-label={title}>
      {share === undefined ? null : <Hourglass share={share} isRunning />}
      <div>
        <h2>{title}</h2>
        <p class="hour-when">
          {city.time.day(hour.hourMs)} <b>{city.time.hourSpan(hour.hourMs)}</b> {city.time.zoneName(hour.hourMs)}
        </p>
        <StatusChip hourMs={hour.hourMs} figures={hour} progress={progress} />
      </div>
      <p class="hour-figure">
        {figure(shown(hour.mean), decimals)}
        <small>{metric.shown.symbol}</small>
      </p>
      <p class="hour-more">
        {figure(shown(hour.min), decimals)} to {figure(shown(hour.max), decimals)}
        <br />
        {count(hour.count)} readings{hour.sensors == null ? '' : ` of ${count(hour.sensors)} sensors`}
        {hour.coverage == null ? null : (
          <>
            <br />
            {percent(hour.coverage)} of what is expected
          </>
        )}
      </p>
    </section>
  );
}
