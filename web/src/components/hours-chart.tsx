/**
 * Hours over time: the mean as a line, minimum to maximum as a band, corrections as rings, what is not final in sand.
 *
 * Boundary: hours in, nothing out. The chart is a picture; under it stand a slider that walks along the hours and says their
 * figures in words, and the same hours as a table.
 */
import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot, { type AlignedData, type Options } from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type CivilTime, HOUR_MS } from '../figures/civil-time.ts';
import { count, figure, figureWithUnit, percent } from '../figures/format.ts';
import type { HourFigures } from '../figures/hours.ts';
import type { Unit } from '../figures/units.ts';
import { theme } from '../theme.ts';
import type { Span } from '../city/overview.ts';

interface HoursChartProps {
  /** One place per hour of the span. */
  readonly grid: readonly (HourFigures | null)[];
  readonly span: Span;
  readonly time: CivilTime;
  readonly name: string;
  readonly unit: Unit;
  readonly decimals: number;
  /** From the stored unit to the shown one. */
  readonly value: (stored: number) => number;
}

const HEIGHT_PX = 300;
const AXIS_PX = 56;

export function HoursChart(props: HoursChartProps): JSX.Element {
  const { grid, span, time, name, unit, decimals, value } = props;
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [at, setAt] = useState(grid.length - 1);
  const shownAt = Math.min(at, grid.length - 1);
  const shade = theme.value;

  useEffect(() => {
    const host = element.current;
    if (host === null) return;
    const made = new uPlot(optionsOf(host, time.zone, decimals, setAt), dataOf(grid, span, value), host);
    chart.current = made;
    const resize = new ResizeObserver(() => made.setSize({ width: host.clientWidth, height: HEIGHT_PX }));
    resize.observe(host);
    return () => {
      resize.disconnect();
      made.destroy();
      chart.current = null;
    };
  }, [time.zone, decimals, shade]);

  useEffect(() => {
    chart.current?.setData(dataOf(grid, span, value));
  }, [grid, span.fromMs, span.toMs, unit.code]);

  const say = (index: number): string => {
    const ms = span.fromMs + index * HOUR_MS;
    const when = `${time.day(ms)} ${time.hourSpan(ms)}`;
    const hour = grid[index];
    if (hour == null) return `${when}: no readings`;
    const shown = (stored: number | null): string =>
      figureWithUnit(stored === null ? null : value(stored), decimals, unit);
    return [
      `${when}: mean ${shown(hour.mean)}`,
      `${shown(hour.min)} to ${shown(hour.max)}`,
      `${count(hour.count)} readings`,
      hour.status,
      ...(hour.revision > 0 ? [`corrected ${String(hour.revision)}×`] : []),
    ].join(', ');
  };

  return (
    <figure class="chart">
      <figcaption>
        <span class="chart-name">
          {name}
          {unit.symbol === '' ? '' : `, ${unit.symbol}`}
        </span>
        <span class="key">
          <i class="key-mean" /> mean
        </span>
        <span class="key">
          <i class="key-band" /> lowest to highest
        </span>
        <span class="key">
          <i class="key-open" /> not final
        </span>
        <span class="key">
          <i class="key-ring" /> corrected
        </span>
      </figcaption>
      <div
        class="chart-canvas"
        ref={element}
        role="img"
        aria-label={`${name}, hour by hour; the table below has the same figures`}
      />
      <div class="chart-walk" style={{ paddingInlineStart: `${String(AXIS_PX)}px` }}>
        <input
          type="range"
          min={0}
          max={grid.length - 1}
          value={shownAt}
          aria-label={`Hour of ${name}`}
          aria-valuetext={say(shownAt)}
          onInput={(event) => {
            const index = Number(event.currentTarget.value);
            setAt(index);
            const plot = chart.current;
            const x = plot?.data[0][index];
            if (plot !== null && x !== undefined) plot.setCursor({ left: plot.valToPos(x, 'x'), top: 0 }, false);
          }}
        />
      </div>
      <p class="chart-readout">{say(shownAt)}</p>
      <details>
        <summary>The hours as a table</summary>
        <HoursTable {...props} />
      </details>
    </figure>
  );
}

function HoursTable({ grid, time, name, unit, decimals, value }: HoursChartProps): JSX.Element {
  const shown = (stored: number | null): string => figure(stored === null ? null : value(stored), decimals);
  const hours = grid.filter((hour) => hour !== null).toReversed();
  return (
    <div class="table-scroll" tabIndex={0} role="region" aria-label={`Hours of ${name}`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Hour</th>
            <th scope="col" class="number">
              Mean{unit.symbol === '' ? '' : `, ${unit.symbol}`}
            </th>
            <th scope="col" class="number">
              Lowest
            </th>
            <th scope="col" class="number">
              Highest
            </th>
            <th scope="col" class="number">
              Readings
            </th>
            <th scope="col" class="number">
              Coverage
            </th>
            <th scope="col">Status</th>
            <th scope="col" class="number">
              Corrections
            </th>
          </tr>
        </thead>
        <tbody>
          {hours.map((hour) => (
            <tr key={hour.hourMs} class={hour.status === 'final' ? '' : 'open'}>
              <th scope="row">
                {time.day(hour.hourMs)} {time.hourSpan(hour.hourMs)}
              </th>
              <td class="number">{shown(hour.mean)}</td>
              <td class="number">{shown(hour.min)}</td>
              <td class="number">{shown(hour.max)}</td>
              <td class="number">{count(hour.count)}</td>
              <td class="number">{hour.coverage == null ? '–' : percent(hour.coverage)}</td>
              <td>{hour.status}</td>
              <td class="number">{hour.revision === 0 ? '–' : String(hour.revision)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** x, minimum, maximum, mean of final hours, of open ones joined to the last final hour, of open ones alone, of corrected ones. */
function dataOf(grid: HoursChartProps['grid'], span: Span, value: (stored: number) => number): AlignedData {
  const of = (pick: (hour: HourFigures, index: number) => number | null): (number | null)[] =>
    grid.map((hour, index) => {
      const picked = hour === null ? null : pick(hour, index);
      return picked === null ? null : value(picked);
    });
  const isOpen = (hour: HourFigures | null | undefined): boolean => hour?.status === 'provisional';
  return [
    grid.map((_, index) => (span.fromMs + index * HOUR_MS) / 1_000),
    of(({ min }) => min),
    of(({ max }) => max),
    of((hour) => (isOpen(hour) ? null : hour.mean)),
    of((hour, index) => (isOpen(hour) || isOpen(grid[index + 1]) ? hour.mean : null)),
    of((hour) => (isOpen(hour) ? hour.mean : null)),
    of((hour) => (hour.revision > 0 ? hour.mean : null)),
  ];
}

function optionsOf(host: HTMLElement, zone: string, decimals: number, onAt: (at: number) => void): Options {
  const css = getComputedStyle(host);
  const colour = (name: string): string => css.getPropertyValue(name).trim();
  const font = `500 12px ${css.fontFamily}`;
  const axis = {
    stroke: colour('--chart-ink'),
    font,
    ticks: { show: false },
    border: { show: false },
  };
  const none = { show: false } as const;
  return {
    width: host.clientWidth,
    height: HEIGHT_PX,
    padding: [12, 24, 0, 0],
    legend: none,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 8, width: 2, fill: colour('--chart-ground') },
    },
    scales: {
      y: {
        range: (_, low, high) => {
          const room = (high - low) * 0.08 || Math.abs(high) * 0.05 || 1;
          return [low >= 0 && low - room < 0 ? 0 : low - room, high + room];
        },
      },
    },
    axes: [
      { ...axis, grid: { stroke: colour('--chart-grid'), width: 1 }, space: 64, size: 36, values: timeMarks() },
      {
        ...axis,
        size: AXIS_PX,
        grid: { stroke: colour('--chart-grid'), width: 1 },
        values: (_, marks) => marks.map((mark) => figure(mark, decimalsOf(marks, decimals))),
      },
    ],
    series: [
      {},
      { label: 'lowest', stroke: 'transparent', points: none },
      { label: 'highest', stroke: 'transparent', points: none },
      { label: 'mean', stroke: colour('--chart-line'), width: 2, points: none },
      { label: 'opening', stroke: colour('--chart-open'), width: 2, dash: [3, 4], points: none },
      {
        label: 'open',
        paths: () => null,
        points: { show: true, size: 9, width: 2, fill: colour('--chart-ground'), stroke: colour('--chart-open') },
      },
      {
        label: 'corrected',
        paths: () => null,
        points: { show: true, size: 11, width: 2, fill: 'transparent', stroke: colour('--chart-ring') },
      },
    ],
    bands: [{ series: [2, 1], fill: colour('--chart-band') }],
    hooks: {
      setCursor: [
        (plot) => {
          if (plot.cursor.idx != null) onAt(plot.cursor.idx);
        },
      ],
    },
  };
}

function decimalsOf(marks: readonly number[], most: number): number {
  const needed = Math.max(0, ...marks.map((mark) => (String(mark).split('.')[1] ?? '').length));
  return Math.min(needed, most + 1);
}

/** Hours and days, the larger unit where it changes; 24-hour clock. */
function timeMarks(): (string | number | null)[][] {
  const hour = 3_600;
  const day = 24 * hour;
  return [
    [365 * day, '{YYYY}', null, null, null, null, null, null, 1],
    [28 * day, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
    [day, '{D} {MMM}', null, null, null, null, null, null, 1],
    [hour, '{HH}:{mm}', '\n{WWW} {D} {MMM}', null, '\n{WWW} {D} {MMM}', null, null, null, 1],
    [60, '{HH}:{mm}', '\n{WWW} {D} {MMM}', null, '\n{WWW} {D} {MMM}', null, null, null, 1],
  ];
}
