/** Drawn signs. Boundary: decoration beside words, hidden from screen readers. */
import type { ComponentChildren, JSX } from 'preact';

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const PlayIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 4.2v11.6L15.5 10z" fill="currentColor" stroke="none" />
  </Icon>
);
export const PauseIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 4.5h3v11H6zM11 4.5h3v11h-3z" fill="currentColor" stroke="none" />
  </Icon>
);
export const WallIcon = (): JSX.Element => (
  <Icon>
    <path d="M3 7V3h4M13 3h4v4M17 13v4h-4M7 17H3v-4" />
  </Icon>
);
export const SunIcon = (): JSX.Element => (
  <Icon>
    <circle cx="10" cy="10" r="3.4" />
    <path d="M10 1.8v2.4M10 15.8v2.4M1.8 10h2.4M15.8 10h2.4M4.2 4.2l1.7 1.7M14.1 14.1l1.7 1.7M15.8 4.2l-1.7 1.7M5.9 14.1l-1.7 1.7" />
  </Icon>
);
export const MoonIcon = (): JSX.Element => (
  <Icon>
    <path d="M16.5 12.2A7 7 0 0 1 7.8 3.5a7 7 0 1 0 8.7 8.7z" />
  </Icon>
);
export const SystemIcon = (): JSX.Element => (
  <Icon>
    <circle cx="10" cy="10" r="6.8" />
    <path d="M10 3.2a6.8 6.8 0 0 1 0 13.6z" fill="currentColor" stroke="none" />
  </Icon>
);
export const CheckIcon = (): JSX.Element => (
  <Icon>
    <path d="M4 10.5l4 4 8-9" />
  </Icon>
);
export const KeyIcon = (): JSX.Element => (
  <Icon>
    <circle cx="7" cy="13" r="3.4" />
    <path d="M9.4 10.6L16.5 3.5M13.2 6.8l2.4 2.4" />
  </Icon>
);

export const CrossIcon = (): JSX.Element => (
  <Icon>
    <path d="M5 5l10 10M15 5L5 15" />
  </Icon>
);

/**
 * An hourglass whose lower half holds as much sand as the hour has passed.
 *
 * @param share 0 to 1.
 */
export function Hourglass({ share, isRunning = false }: { share: number; isRunning?: boolean }): JSX.Element {
  const passed = Math.min(1, Math.max(0, share));
  // Heights of a triangle that hold so much of its area.
  const above = Math.sqrt(1 - passed) * 42;
  const below = (1 - Math.sqrt(1 - passed)) * 42;
  const edge = (height: number): number => (height / 42) * 34;
  return (
    <svg class="hourglass" viewBox="0 0 100 120" aria-hidden="true" focusable="false">
      <path class="sand" d={`M50 59L${String(50 - edge(above))} ${String(59 - above)}H${String(50 + edge(above))}z`} />
      <path
        class="sand"
        d={`M${String(50 - 34)} 104H${String(50 + 34)}L${String(50 + edge(42 - below))} ${String(104 - below)}H${String(50 - edge(42 - below))}z`}
      />
      {isRunning && passed < 1 ? <path class="stream" d="M50 58V103" /> : null}
      <path class="glass" d="M14 14H86L52 60L86 106H14L48 60z" />
      <path class="glass" d="M8 8H92M8 112H92" />
    </svg>
  );
}
