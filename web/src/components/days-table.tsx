/** Days of the city's own time zone. Boundary: a day that is not over, or has hours that are not final, is marked. */
import type { JSX } from 'preact';
import type { CityKnown, Metric } from '../city/use-city.ts';
import { count, figure } from '../figures/format.ts';
import type { DayFigures } from '../figures/hours.ts';

interface DaysTableProps {
  readonly days: readonly DayFigures[];
  readonly city: CityKnown;
  readonly metric: Metric;
  readonly decimals: number;
  readonly value: (stored: number) => number;
}

export function DaysTable({ days, city, metric, decimals, value }: DaysTableProps): JSX.Element {
  const shown = (stored: number | null): string => figure(stored === null ? null : value(stored), decimals);
  return (
    <section class="block" aria-labelledby="days-title">
      <h2 id="days-title">Days</h2>
      <p class="hint">
        Days of {city.time.zone}
        {metric.shown.symbol === '' ? '' : `, in ${metric.shown.symbol}`}. Hours that the range leaves out are not in
        them.
      </p>
      <div class="table-scroll" tabIndex={0} role="region" aria-label="Table of days">
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col" class="number">
                Mean
              </th>
              <th scope="col" class="number">
                Lowest
              </th>
              <th scope="col" class="number">
                Highest
              </th>
              <th scope="col" class="number">
                Hours
              </th>
              <th scope="col" class="number">
                Readings
              </th>
              <th scope="col">Status</th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map((day) => (
              <tr key={day.key} class={day.status === 'final' ? '' : 'open'}>
                <th scope="row">{city.time.day(day.atMs)}</th>
                <td class="number">{shown(day.mean)}</td>
                <td class="number">{shown(day.min)}</td>
                <td class="number">{shown(day.max)}</td>
                <td class="number">
                  {String(day.hours)} of {String(day.hoursOfDay)}
                </td>
                <td class="number">{count(day.count)}</td>
                <td>
                  {day.status}
                  {day.revision > 0 ? `, corrected ${String(day.revision)}×` : ''}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
