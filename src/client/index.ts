/**
 * A typed client of the API: paths, parameters and answers as /openapi.json has them.
 *
 * Boundary: `fetch` and types; nothing of the program. schema.ts is generated (`npm run client`), and `npm run verify` says
 * where it is no longer what the document says. Runs in browsers and in Node.
 *
 * @example
 * const hourglass = createHourglass('http://127.0.0.1:8080', { key: process.env.HOURGLASS_KEY });
 * const { data, error } = await hourglass.GET('/v1/hourly', { params: { query: { city: 'lisbon', limit: 10 } } });
 * if (error !== undefined) throw new Error(error.detail);
 * for (const { hour, mean, status } of data.data) console.log(hour, mean, status);
 */
import createClient, { type Client } from 'openapi-fetch';
import type { components, paths } from './schema.ts';

export type { components, paths };
/** What calls resolve to: lists are also given as CSV and NDJSON, which `parseAs: 'text'` or `'stream'` is for. */
type Media = 'application/json' | 'application/problem+json';
export type Hourglass = Client<paths, Media>;

/**
 * @param url where the API is, without a path.
 * @param options.key a key, or an access token; `fetch` where the platform's own is not wanted.
 * @returns a client whose calls resolve to `{data, response}`, or `{error, response}` with a problem (RFC 9457); a
 *   connection that breaks rejects.
 */
export function createHourglass(
  url: string,
  options: { key?: string | undefined; fetch?: (request: Request) => Promise<Response> } = {},
): Hourglass {
  const { key, fetch } = options;
  return createClient<paths, Media>({
    baseUrl: url,
    ...(key === undefined ? {} : { headers: { Authorization: `Bearer ${key}` } }),
    ...(fetch === undefined ? {} : { fetch }),
  });
}
