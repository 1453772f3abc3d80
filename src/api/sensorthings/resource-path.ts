/**
 * Resource paths: `Things('…')/Datastreams('…')/Observations/$ref` to steps.
 *
 * Boundary: text to steps, checked against the model; whether the entities exist is not known here.
 */
import { SENSORTHINGS_PATH_STEPS_MAX } from '../../model/limits.ts';
import { Problem } from '../problem.ts';
import { readHourId, readMetricId, readStreamId, readThingId } from './ids.ts';
import { ENTITY_SETS, isEntitySet, navigationOf, type EntitySet } from './model.ts';
import type { Row } from './properties.ts';

export interface Step {
  readonly set: EntitySet;
  /** One entity: named by an id, or reached by a navigation to one. */
  readonly isOne: boolean;
  /** The columns of its id; null: a set, or the one entity that a navigation leads to. */
  readonly key: Row | null;
}
export interface ResourcePath {
  readonly steps: readonly Step[];
  /** What is asked of the last step: names of properties below each other. */
  readonly property: readonly string[];
  readonly suffix: '$ref' | '$value' | null;
}

/**
 * @param path behind the service's root, without a slash at its beginning.
 * @throws {Problem} 404 where there is no such thing in the model, or an id cannot be one.
 */
export function parsePath(path: string): ResourcePath {
  const segments = path.split('/').map(decoded);
  const last = segments.at(-1);
  const suffix = last === '$ref' || last === '$value' ? last : null;
  if (suffix !== null) segments.pop();
  if (segments.length > SENSORTHINGS_PATH_STEPS_MAX)
    throw new Problem(400, `A path has at most ${String(SENSORTHINGS_PATH_STEPS_MAX)} steps.`);
  const steps: Step[] = [];
  const property: string[] = [];
  for (const segment of segments) {
    const step = property.length === 0 ? stepOf(segment, steps.at(-1)) : null;
    if (step !== null) steps.push(step);
    else if (steps.at(-1)?.isOne === true && /^@?[A-Za-z][\w.]*$/.test(segment)) property.push(segment);
    else throw unknown(segment, steps.at(-1));
  }
  if (steps.length === 0) throw unknown(path, undefined);
  if (suffix === '$value' && property.length === 0) throw new Problem(404, '`$value` stands behind a property.');
  if (suffix === '$ref' && property.length > 0) throw new Problem(404, '`$ref` stands behind entities.');
  return { steps, property, suffix };
}

/** Null where the segment is no step of the model. */
function stepOf(segment: string, before: Step | undefined): Step | null {
  const [, name, id] = /^([A-Za-z]+)(?:\((.*)\))?$/s.exec(segment) ?? [];
  if (name === undefined) return null;
  if (before === undefined) {
    if (!isEntitySet(name)) return null;
    return id === undefined ? { set: name, isOne: false, key: null } : { set: name, isOne: true, key: keyOf(name, id) };
  }
  if (!before.isOne) return null;
  const navigation = navigationOf(before.set, name);
  if (navigation === undefined || (id !== undefined && !navigation.isMany)) return null;
  const { to, isMany } = navigation;
  return { set: to, isOne: !isMany || id !== undefined, key: id === undefined ? null : keyOf(to, id) };
}

/** @throws {Problem} 404 where no entity can have such an id. */
function keyOf(set: EntitySet, quoted: string): Row {
  const id = /^'(.*)'$/s.exec(quoted)?.[1]?.replaceAll("''", "'");
  const key = id === undefined ? null : read(set, id);
  if (key === null) throw new Problem(404, `There is no ${set}(${quoted.slice(0, 80)}); ids stand in single quotes.`);
  return key as Row;
}

function read(set: EntitySet, id: string): object | null {
  switch (set) {
    case 'Things':
    case 'Sensors':
    case 'Locations':
    case 'FeaturesOfInterest':
      return readThingId(id);
    case 'Datastreams':
      return readStreamId(id);
    case 'Observations':
      return readHourId(id);
    case 'ObservedProperties': {
      const metric = readMetricId(id);
      return metric === null ? null : { metric };
    }
    case 'HistoricalLocations':
      return null;
  }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Problem(400, 'The path is not percent-encoded as a URL is.');
  }
}

function unknown(segment: string, before: Step | undefined): Problem {
  const of = before === undefined ? `; there are ${ENTITY_SETS.join(', ')}` : ` of ${before.set}`;
  return new Problem(404, `There is no \`${segment.slice(0, 80)}\`${of}.`);
}
