/**
 * Where a request comes from: the socket's address, unless that is a proxy we were told to trust.
 *
 * Boundary: Node's socket behind the context. `X-Forwarded-For` is a list that anybody can begin; only what trusted
 * proxies have added at its end counts, so it is read from the right up to the first address that is none of theirs.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/** Bits of an IPv6 address that stand for one customer: whoever has one address usually has 2^64. */
const IPV6_SITE_BITS = 64;

/** @param proxies addresses and subnets in CIDR notation; checked by the configuration. */
export function createAddressReader(proxies: readonly string[]): (c: Context) => string {
  // A look at a list takes some 30 us, also at an empty one.
  if (proxies.length === 0) return (c) => site(plain(socketAddress(c)));
  const trusted = blockListOf(proxies);
  const isTrusted = (address: string): boolean => isIP(address) !== 0 && trusted.check(address, familyOf(address));
  return (c) => {
    const socket = plain(socketAddress(c));
    if (!isTrusted(socket)) return site(socket);
    const hops = (c.req.header('X-Forwarded-For') ?? '').split(',').map((hop) => plain(hop.trim()));
    const origin = hops.findLast((hop) => isIP(hop) === 0 || !isTrusted(hop));
    return site(origin !== undefined && isIP(origin) !== 0 ? origin : socket);
  };
}

/** @throws where an entry is neither an address nor a subnet. */
export function blockListOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    if (bits === undefined) list.addAddress(address, familyOf(address));
    else list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

/** Empty where there is no socket: a request made in the process itself. */
function socketAddress(c: Context): string {
  const env: unknown = c.env;
  if (typeof env !== 'object' || env === null || !('incoming' in env)) return '';
  return getConnInfo(c).remote.address ?? '';
}

/** IPv4 as such, also where a dual-stack socket says `::ffff:192.0.2.1`. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

/** What limits count: an IPv4 address, or the /64 of an IPv6 one. */
function site(address: string): string {
  if (!address.includes(':') || !isIPv6(address)) return address;
  const [head = '', tail] = (address.split('%', 1)[0] ?? '').split('::');
  const front = head === '' ? [] : head.split(':');
  const back = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => '0');
  const groups = tail === undefined ? front : [...front, ...zeros, ...back];
  const kept = groups.slice(0, IPV6_SITE_BITS / 16).map((group) => Number.parseInt(group, 16).toString(16));
  return `${kept.join(':')}::/${String(IPV6_SITE_BITS)}`;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
