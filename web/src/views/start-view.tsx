/** Where one begins: the cities that have readings, or how to publish the first one. Boundary: `GET /v1/cities`. */
import type { JSX } from 'preact';
import { readCities } from '../api/hourglass.ts';
import { readCityEntry } from '../api/registry.ts';
import { useResource } from '../api/use-resource.ts';
import { Failure, Pending } from '../components/states.tsx';
import { civilTime } from '../figures/civil-time.ts';
import { count, titleOf } from '../figures/format.ts';
import { now } from '../time.ts';
import { Link, toView } from '../url/navigation.tsx';

const CITIES_MS = 5_000;

export function StartView(): JSX.Element {
  const cities = useResource('cities', readCities, CITIES_MS);
  if (cities.value === null)
    return cities.error === null ? (
      <Pending what="Looking for cities" />
    ) : (
      <Failure error={cities.error} retry={cities.retry} />
    );
  if (cities.value.length === 0) return <FirstReading />;
  return (
    <div class="page start">
      <h1>
        Sensor readings in,
        <br />
        exact hours out.
      </h1>
      <ul class="cities">
        {cities.value.map((city) => (
          <li key={city.city}>
            <CityCard {...city} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function CityCard({ city, districts, sensors }: { city: string; districts: number; sensors: number }): JSX.Element {
  const entry = useResource(`entry/${city}`, (signal) => readCityEntry(city, signal));
  const time = civilTime(entry.value?.time_zone ?? 'UTC');
  return (
    <Link to={toView({ name: 'city', city })} class="city-card">
      <h2>{entry.value?.name ?? titleOf(city)}</h2>
      <p class="city-clock">
        {time.clock(now.value)} <small>{time.zoneName(now.value)}</small>
      </p>
      <p>
        {count(sensors)} sensor{sensors === 1 ? '' : 's'} in {count(districts)} district{districts === 1 ? '' : 's'}
      </p>
    </Link>
  );
}

function FirstReading(): JSX.Element {
  return (
    <div class="page start">
      <h1>No reading has arrived yet.</h1>
      <p>Publish one, and its city shows up here within seconds:</p>
      <pre tabIndex={0} role="region" aria-label="Command">
        <code>{`curl -X POST '${location.origin}/v1/readings/lisbon/alfama/air/gateway-7' \\
     -H 'Content-Type: application/senml+json' \\
     -d '[{"bn":"station-1:","n":"temperature","v":21.5}]'`}</code>
      </pre>
      <p class="hint">
        Or over NATS, to the subject sensors.lisbon.alfama.air.gateway-7; or over MQTT, with slashes for dots.
      </p>
    </div>
  );
}
