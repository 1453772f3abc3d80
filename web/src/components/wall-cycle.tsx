/** On the wall: the metrics take turns; the space bar holds them, Escape leaves. Boundary: changes the route, nothing else. */
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { go } from '../url/navigation.tsx';

/** Long enough to read a city from across a hall, ms. */
const TURN_MS = 12_000;

export function WallCycle({ metrics, current }: { metrics: readonly string[]; current: string }): JSX.Element {
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
    <div class="wall-tools">
      <button type="button" class="button" onClick={() => setHeld(!isHeld)} aria-pressed={isHeld}>
        {isHeld ? 'Go on' : 'Hold'}
      </button>
      <button type="button" class="button" onClick={() => go({ wall: false })}>
        Leave the wall
      </button>
    </div>
  );
}
