/** The bar on top of every view: where one is, where one can go, in which units and colours. Boundary: all of it is links and the URL, but for the theme and the key. */
import type { JSX } from 'preact';
import { forgetKey, hasKey } from '../api/key.ts';
import type { CityKnown } from '../city/use-city.ts';
import { choicesOf, choose, type Unit } from '../figures/units.ts';
import { chooseTheme, type ThemeChoice, themeChoice } from '../theme.ts';
import { go, Link, route, toView } from '../url/navigation.tsx';
import { cityOf } from '../url/route.ts';
import { Menu } from './menu.tsx';
import { KeyIcon, MoonIcon, SunIcon, SystemIcon, WallIcon } from './icons.tsx';

export function Header({ city }: { city: CityKnown | null }): JSX.Element {
  const { view, metric, kind } = route.value;
  const cityId = cityOf(view);
  const keep = { metric, kind };
  return (
    <header class="header">
      <a class="skip" href="#main">
        Skip to the figures
      </a>
      <Link to={toView({ name: 'start' })} class="brand" aria-label="Hourglass, all cities">
        <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
          <path d="M7 5h18L16 16z" class="glass" />
          <path d="M7 27h18L16 16z" class="glass sand" />
        </svg>
        <span>Hourglass</span>
      </Link>
      <nav aria-label="Views">
        {cityId === null ? null : (
          <>
            <Link
              to={toView({ name: 'city', city: cityId }, keep)}
              aria-current={view.name === 'city' ? 'page' : undefined}
            >
              {city?.name ?? cityId}
            </Link>
            <Link
              to={toView({ name: 'live', city: cityId }, keep)}
              aria-current={view.name === 'live' ? 'page' : undefined}
            >
              Live
            </Link>
          </>
        )}
        <Link to={toView({ name: 'operator' })} aria-current={view.name === 'operator' ? 'page' : undefined}>
          Operator
        </Link>
      </nav>
      <div class="header-tools">
        {city === null ? null : <UnitChoice city={city} />}
        <ThemeSwitch />
        {hasKey.value ? (
          <button type="button" class="button quiet" onClick={forgetKey}>
            <KeyIcon />
            <span>Forget key</span>
          </button>
        ) : null}
        {view.name === 'city' ? (
          <button type="button" class="button quiet" onClick={() => go({ wall: true })}>
            <WallIcon />
            <span>Wall</span>
          </button>
        ) : null}
      </div>
    </header>
  );
}

/** Choices for every unit that the city's metrics have and that has others beside it. */
function UnitChoice({ city }: { city: CityKnown }): JSX.Element | null {
  const groups = new Map<string, { choices: readonly Unit[]; shown: Unit }>();
  for (const { own, shown } of city.metrics) {
    const choices = choicesOf(own);
    if (choices.length > 1) groups.set(choices[0]?.code ?? '', { choices, shown });
  }
  if (groups.size === 0) return null;
  return (
    <Menu name="Units">
      <div class="menu-sheet">
        {[...groups].map(([key, { choices, shown }]) => (
          <fieldset key={key}>
            <legend class="visually-hidden">{choices[0]?.name}</legend>
            {choices.map((unit) => (
              <label key={unit.code}>
                <input
                  type="radio"
                  name={key}
                  checked={unit.code === shown.code}
                  onChange={() => go({ units: choose(route.value.units, unit) }, { replace: true })}
                />
                <span title={unit.name}>{unit.symbol}</span>
              </label>
            ))}
          </fieldset>
        ))}
      </div>
    </Menu>
  );
}

const THEMES: readonly { choice: ThemeChoice; name: string; icon: () => JSX.Element }[] = [
  { choice: 'system', name: 'as the system', icon: SystemIcon },
  { choice: 'light', name: 'light', icon: SunIcon },
  { choice: 'dark', name: 'dark', icon: MoonIcon },
];

function ThemeSwitch(): JSX.Element {
  const at = THEMES.findIndex(({ choice }) => choice === themeChoice.value);
  const current = THEMES[at];
  const next = THEMES[(at + 1) % THEMES.length];
  if (current === undefined || next === undefined) throw new Error('there is no theme');
  return (
    <button
      type="button"
      class="button quiet"
      onClick={() => chooseTheme(next.choice)}
      aria-label={`Colours: ${current.name}. Change to ${next.name}`}
      title={`Colours: ${current.name}`}
    >
      <current.icon />
    </button>
  );
}
