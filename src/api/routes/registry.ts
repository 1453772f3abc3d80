/** `/v1/registry/...`: what people say about cities, districts, sensors and metrics. */
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiDeps } from '../ports.ts';
import { addRegisteredCities } from './registry/cities.ts';
import { addRegisteredDistricts } from './registry/districts.ts';
import { addRegistryImport } from './registry/import.ts';
import { addRegisteredMetrics } from './registry/metrics.ts';
import { addRegisteredSensors } from './registry/sensors.ts';

export function addRegistry(app: OpenAPIHono, deps: ApiDeps): void {
  for (const add of [
    addRegisteredCities,
    addRegisteredDistricts,
    addRegisteredSensors,
    addRegisteredMetrics,
    addRegistryImport,
  ])
    add(app, deps);
}
