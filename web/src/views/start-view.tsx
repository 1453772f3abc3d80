/** Where one begins: the cities that have readings, or how to publish the first one. Boundary: `GET /v1/cities`. */
import type { JSX } from 'preact';
import { readCities } from '../api/hourglass.ts';
import { useResource } from '../api/use-resource.ts';
import { CityCard } from '../components/city-card.tsx';
import { Failure, Pending } from '../components/states.tsx';

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
