/**
 * The hours of a range as a ribbon of colours, and the slider that walks along it.
 *
 * Boundary: hours in, the hour chosen out. The slider is a range input: arrow keys, Home and End work, and its value is said in
 * words. An open hour is hatched, an hour without readings is empty.
 */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import type { Span } from '../city/overview.ts';
import { type CivilTime, HOUR_MS } from '../figures/civil-time.ts';
import { rampColour, type RampName } from '../figures/colour.ts';
import type { HourFigures } from '../figures/hours.ts';
import { type Scale, shareOf } from '../figures/scale.ts';
import { theme } from '../theme.ts';
import { PauseIcon, PlayIcon } from './icons.tsx';

/** One hour stays on the screen so long while it plays, ms. */
const STEP_MS = 600;

interface HourRibbonProps {
  readonly span: Span;
  readonly grid: readonly (HourFigures | null)[];
  readonly value: (mean: number) => number;
  readonly scale: Scale;
  readonly ramp: RampName;
  readonly time: CivilTime;
  /** Place in the grid. */
  readonly at: number;
  readonly isPlaying: boolean;
  readonly hasPlay: boolean;
  readonly describe: (at: number) => string;
  readonly onAt: (at: number) => void;
  readonly onPlay: (isPlaying: boolean) => void;
}

export function HourRibbon(props: HourRibbonProps): JSX.Element {
  const { span, grid, value, scale, ramp, time, at, isPlaying, hasPlay, describe, onAt, onPlay } = props;
  const last = grid.length - 1;

  useEffect(() => {
    if (!isPlaying) return;
    const timer = setTimeout(() => (at >= last ? onPlay(false) : onAt(at + 1)), STEP_MS);
    return () => clearTimeout(timer);
  }, [isPlaying, at, last]);

  const play = (): void => {
    if (!isPlaying && at >= last) onAt(0);
    onPlay(!isPlaying);
  };
  const hourAt = (index: number): number => span.fromMs + index * HOUR_MS;
  return (
    <div class="ribbon">
      {hasPlay ? (
        <button type="button" class="button round" onClick={play} aria-pressed={isPlaying}>
          {isPlaying ? <PauseIcon /> : <PlayIcon />}
          <span class="visually-hidden">{isPlaying ? 'Pause' : 'Play hour by hour'}</span>
        </button>
      ) : null}
      <div class="ribbon-track">
        <div class="ribbon-cells" aria-hidden="true">
          {grid.map((hour, index) => (
            <span
              key={hourAt(index)}
              class={hour === null ? 'none' : hour.status === 'final' ? '' : 'open'}
              style={
                hour?.mean == null
                  ? undefined
                  : { background: rampColour(ramp, theme.value, shareOf(scale, value(hour.mean))) }
              }
            />
          ))}
        </div>
        <input
          type="range"
          min={0}
          max={last}
          value={at}
          style={{ '--hours': grid.length }}
          aria-label="Hour"
          aria-valuetext={describe(at)}
          onInput={(event) => {
            onPlay(false);
            onAt(Number(event.currentTarget.value));
          }}
        />
        <span class="ribbon-mark" style={{ left: `${String(((at + 0.5) / grid.length) * 100)}%` }} aria-hidden="true" />
        <Ticks span={span} hours={grid.length} time={time} />
      </div>
    </div>
  );
}

/** Names under the ribbon: every third hour of a day, every day of a week, every fifth of a month. */
function Ticks({ span, hours, time }: { span: Span; hours: number; time: CivilTime }): JSX.Element {
  const ticks: { at: number; text: string; isDay: boolean }[] = [];
  let days = 0;
  for (let at = 0; at < hours; at++) {
    const ms = span.fromMs + at * HOUR_MS;
    const isDay = at > 0 && time.dayKey(ms) !== time.dayKey(ms - HOUR_MS);
    if (isDay) days += 1;
    const hour = Number(time.clock(ms).slice(0, 2));
    if (isDay && (hours <= 24 * 8 || days % 4 === 1)) ticks.push({ at, text: time.day(ms), isDay: true });
    else if (hours <= 48 && hour % 3 === 0 && !isDay) ticks.push({ at, text: time.clock(ms), isDay: false });
  }
  return (
    <div class="ribbon-ticks" aria-hidden="true">
      {ticks.map(({ at, text, isDay }) => (
        <span key={at} class={isDay ? 'day' : ''} style={{ left: `${String((at / hours) * 100)}%` }}>
          {text}
        </span>
      ))}
    </div>
  );
}
