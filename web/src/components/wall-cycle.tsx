/** On the wall: the time, and the metrics that take turns; the space bar holds them, Escape leaves. Boundary: changes the route. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { CityKnown } from '../city/use-city.ts';
import { HOUR_MS, hourOf } from '../figures/civil-time.ts';
import { now } from '../time.ts';
import { Hourglass } from './icons.tsx';
import { go } from '../url/navigation.tsx';

/** Long enough to read a city from across a hall, ms. */
const TURN_MS = 12_000;

export function WallCycle({ city, current }: { city: CityKnown; current: string }): JSX.Element {
  const metrics = city.metrics.map(({ id }) => id);
  const [isHeld, setHeld] = useState(false);

  useEffect(() => {
    if (isHeld || metrics.length < 2) return;
    const timer = setTimeout(() => {
      const next = metrics[(metrics.indexOf(current) + 1) % metrics.length];
      if (next !== undefined) go({ metric: next, kind: null, hourMs: null }, { replace: true });
    }, TURN_MS);
    return () => clearTimeout(timer);
  }, [current, isHeld, metrics.join(',')]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.key === 'Escape') go({ wall: false });
      else if (event.key === ' ' && event.target === document.body) setHeld((held) => !held);
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  }, []);

  return (
    <aside class="wall-corner" aria-label="Now">
      <Hourglass share={(now.value - hourOf(now.value)) / HOUR_MS} isRunning />
      <p class="wall-clock">
        {city.time.clock(now.value)} <small>{city.time.zoneName(now.value)}</small>
      </p>
      <div class="wall-tools">
        <button type="button" class="button" onClick={() => setHeld(!isHeld)} aria-pressed={isHeld}>
          {isHeld ? 'Go on' : 'Hold'}
        </button>
        <button type="button" class="button" onClick={() => go({ wall: false })}>
          Leave the wall
        </button>
      </div>
    </aside>
  );
}
