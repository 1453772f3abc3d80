/**
 * API keys: made, written down as hashes, and recognised.
 *
 * Boundary: text and hashes; the file is read by key-file.ts.
 * A key is 256 random bits, so its SHA-256 needs neither salt nor slowness: nobody can guess what to hash. Whoever reads
 * the file cannot call the API. Keys are compared by hash, all of them, in a time that does not depend on which is near.
 *
 * The file: one key a line, `name scopes sha256 [place]`; what follows `#` is for people. For instance
 * `harbour-gateway ingest 9f86d0...0a08 lisbon/alfama`.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { API_KEYS_MAX } from '../../model/limits.ts';
import { isSubjectToken } from '../../model/names.ts';
import { isScope, SCOPES, type Scope } from '../../model/scopes.ts';

export interface ApiKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly sha256: Buffer;
  /** `city` or `city/district` that it may publish to; null: any. */
  readonly place: string | null;
}

const KEY_BYTES = 32;
/** Lets secret scanners and people recognise a key. */
const KEY_PREFIX = 'hg_';
const SHA256_HEX = /^[0-9a-f]{64}$/i;
const SCOPE_LIST = SCOPES.join(', ');

/** A new random key, and the line that lets it in. The key itself is nowhere else. */
export function newKey(name: string, scopes: readonly Scope[], place: string | null): { key: string; line: string } {
  const key = `${KEY_PREFIX}${randomBytes(KEY_BYTES).toString('base64url')}`;
  const parts = [name, scopes.join(','), hashOf(key).toString('hex')];
  return { key, line: [...parts, ...(place === null ? [] : [place])].join(' ') };
}

export function readKeyName(text: string): string {
  if (!isSubjectToken(text)) throw new Error('a name is 1-64 characters of A-Z a-z 0-9 _ -');
  return text;
}

export function readScopes(text: string): Scope[] {
  const scopes = text.split(',');
  const wrong = scopes.find((scope) => !isScope(scope));
  if (wrong !== undefined) throw new Error(`"${wrong}" is no scope; there are ${SCOPE_LIST}`);
  return scopes.filter(isScope);
}

export function readPlace(text: string): string {
  const parts = text.split('/');
  if (parts.length > 2 || !parts.every(isSubjectToken)) throw new Error('a place is a city, or city/district');
  return text;
}

/** Every key that can be read, and what is wrong with the other lines; no problem repeats a line's hash. */
export function parseKeys(text: string): { keys: ApiKey[]; problems: string[] } {
  const keys: ApiKey[] = [];
  const problems: string[] = [];
  const names = new Set<string>();
  for (const [at, line] of text.split('\n').entries()) {
    const parts = (line.split('#', 1)[0] ?? '').trim().split(/\s+/).filter(Boolean);
    if (parts.length === 0) continue;
    try {
      const key = readKey(parts);
      if (names.has(key.name)) throw new Error(`there is a key named ${key.name} already`);
      if (keys.length === API_KEYS_MAX) throw new Error(`there are more than ${String(API_KEYS_MAX)} keys`);
      names.add(key.name);
      keys.push(key);
    } catch (error) {
      problems.push(`line ${String(at + 1)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return { keys, problems };
}

function readKey([name = '', scopes = '', sha256 = '', place, ...rest]: readonly string[]): ApiKey {
  if (rest.length > 0) throw new Error('expected `name scopes sha256 [place]`');
  if (!SHA256_HEX.test(sha256)) throw new Error('the third word must be a SHA-256 in 64 hex digits');
  return {
    name: readKeyName(name),
    scopes: new Set(readScopes(scopes)),
    sha256: Buffer.from(sha256, 'hex'),
    place: place === undefined ? null : readPlace(place),
  };
}

/** Compares with every key, also after one was found. */
export function findKey(keys: readonly ApiKey[], secret: string): ApiKey | null {
  const hash = hashOf(secret);
  let found: ApiKey | null = null;
  for (const key of keys) if (timingSafeEqual(key.sha256, hash)) found = key;
  return found;
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret, 'utf8').digest();
}
