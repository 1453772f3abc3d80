/**
 * HOURGLASS_NATS_URL taken apart: `nats://user:password@host:4222,nats://other:4222`.
 *
 * Boundary: text only. The client library does not read credentials from a URL, so they are handed to it beside the
 * servers; they are the same for all servers of a cluster, and the first URL that has some says them.
 */

export interface NatsAddress {
  /** Without credentials: may be shown and logged. */
  readonly servers: string[];
  /** Options of the client library. */
  readonly credentials: { user: string; pass: string } | { token: string } | Record<string, never>;
}

const URL_PARTS = /^([a-z]+:\/\/)?(?:([^:@/]*)(?::([^@/]*))?@)?(.*)$/;

/** @param urls comma separated. A name without a password is a token. Credentials are percent-decoded. */
export function parseNatsUrl(urls: string): NatsAddress {
  const servers: string[] = [];
  let credentials: NatsAddress['credentials'] = {};
  for (const url of urls.split(',')) {
    const [, scheme = '', user, password, host = ''] = URL_PARTS.exec(url.trim()) ?? [];
    servers.push(scheme + host);
    if (user === undefined || Object.keys(credentials).length > 0) continue;
    credentials =
      password === undefined
        ? { token: decodeURIComponent(user) }
        : { user: decodeURIComponent(user), pass: decodeURIComponent(password) };
  }
  return { servers, credentials };
}
