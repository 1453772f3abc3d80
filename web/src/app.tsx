/**
 * The frame around every view: landmarks, header, the city that the route is about, and the dialog that asks for a key.
 *
 * Boundary: route in, view out. With another key everything begins anew: nothing that was read before stays on the screen.
 */
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { keyTurn } from './api/key.ts';
import { useCity } from './city/use-city.ts';
import { Header } from './components/header.tsx';
import { KeyDialog } from './components/key-dialog.tsx';
import { Empty, Failure, Pending } from './components/states.tsx';
import { Link, route, toView } from './url/navigation.tsx';
import { cityOf } from './url/route.ts';
import { CityView } from './views/city-view.tsx';
import { DistrictView } from './views/district-view.tsx';
import { LiveView } from './views/live-view.tsx';
import { OperatorView } from './views/operator-view.tsx';
import { SensorView } from './views/sensor-view.tsx';
import { StartView } from './views/start-view.tsx';

export function App(): JSX.Element {
  return (
    <>
      <Frame key={keyTurn.value} />
      <KeyDialog />
    </>
  );
}

function Frame(): JSX.Element {
  const { view, units, wall } = route.value;
  const city = useCity(cityOf(view), units);
  useEffect(() => {
    document.title = titleOf(city.value?.name ?? null);
    document.documentElement.classList.toggle('on-wall', wall);
  });
  return (
    <>
      {wall ? null : <Header city={city.value} />}
      <main id="main" tabIndex={-1}>
        <View city={city} />
      </main>
    </>
  );
}

function View({ city }: { city: ReturnType<typeof useCity> }): JSX.Element {
  const { view } = route.value;
  if (view.name === 'start') return <StartView />;
  if (view.name === 'operator') return <OperatorView />;
  if (view.name === 'unknown') return <NotFound what={`There is no page ${view.path}.`} />;
  if (city.value === null) {
    if (city.error?.status === 404) return <NotFound what={city.error.message} />;
    if (city.error !== null) return <Failure error={city.error} retry={city.retry} />;
    return <Pending what={`Looking for ${view.city}`} />;
  }
  switch (view.name) {
    case 'city':
      return <CityView city={city.value} />;
    case 'live':
      return <LiveView city={city.value} />;
    case 'district':
      return <DistrictView city={city.value} district={view.district} />;
    case 'sensor':
      return <SensorView city={city.value} district={view.district} kind={view.kind} sensor={view.sensor} />;
  }
}

function NotFound({ what }: { what: string }): JSX.Element {
  return (
    <Empty title="Not found">
      <p>{what}</p>
      <p>
        <Link to={toView({ name: 'start' })} class="button">
          All cities
        </Link>
      </p>
    </Empty>
  );
}

function titleOf(city: string | null): string {
  const { view } = route.value;
  const parts = [
    view.name === 'district' ? view.district : view.name === 'sensor' ? view.sensor : null,
    view.name === 'live' ? 'live' : view.name === 'operator' ? 'Operator' : null,
    city,
    'Hourglass',
  ];
  return parts.filter((part) => part !== null).join(' · ');
}
