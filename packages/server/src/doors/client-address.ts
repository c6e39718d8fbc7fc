import { type BlockList, isIP, isIPv4 } from 'node:net';

/** What tells where a request comes from. */
export interface Arrival {
  /** The other end of the socket. */
  readonly peer: string | undefined;
  /** `X-Forwarded-For` as it came. */
  readonly forwardedFor: string | undefined;
}

/** Proxies of one request that are looked at: more is nobody's installation. */
const mostProxies = 20;

/**
 * Finds out who asks when proxies stand in between.
 *
 * `X-Forwarded-For` is read from its end, where the nearest proxy wrote, and only as long as those who
 * wrote are trusted: what a client puts there itself stands further left and is never believed.
 * `Forwarded` (RFC 7239) is not read at all. Of two such headers a proxy replaces one, and the other
 * would be the client's to write.
 */
export class ClientAddresses {
  readonly #trusted: BlockList;
  /** Told once of a neighbour that looks like a proxy nobody has named. */
  #onIgnored: ((peer: string) => void) | undefined;

  constructor(trusted: BlockList, onIgnored?: (peer: string) => void) {
    this.#trusted = trusted;
    this.#onIgnored = onIgnored;
  }

  /** Whether a proxy at this address is believed. */
  isTrusted(address: string | undefined): boolean {
    const plain = plainAddress(address);
    return plain !== undefined && this.#trusted.check(plain, isIPv4(plain) ? 'ipv4' : 'ipv6');
  }

  /** The address of the client: IPv4 as such, IPv6 without zone; `unknown` where there is none. */
  of({ peer, forwardedFor }: Arrival): string {
    let nearest = plainAddress(peer) ?? 'unknown';
    if (forwardedFor === undefined) return nearest;
    if (!this.isTrusted(peer)) {
      if (neighbour.test(nearest)) this.#ignore(nearest);
      return nearest;
    }
    const told = forwardedFor.split(',').slice(-mostProxies).reverse();
    for (const one of told) {
      const address = plainAddress(withoutPort(one.trim()));
      // What is no address was not written by a proxy that we know: who sent it stays responsible.
      if (address === undefined) return nearest;
      nearest = address;
      if (!this.isTrusted(address)) return nearest;
    }
    return nearest;
  }

  #ignore(peer: string): void {
    this.#onIgnored?.(peer);
    this.#onIgnored = undefined;
  }
}

/** Loopback and private networks: where one's own proxies are. */
const neighbour = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|::1$|f[cd])/;

/** What an address counts as: one line of IPv6 has 2^64 addresses, so its network stands for it. */
export function countedAs(address: string): string {
  if (!address.includes(':')) return address;
  const network = groupsOf(address).slice(0, 4);
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}

/** An IP address in its plain form: mapped IPv4 as IPv4, no zone. Undefined when it is none. */
function plainAddress(text: string | undefined): string | undefined {
  if (text === undefined || text.length > 60) return undefined;
  const [address = ''] = text.toLowerCase().split('%');
  const version = isIP(address);
  if (version !== 6) return version === 4 ? address : undefined;
  const groups = groupsOf(address);
  const [high = 0, low = 0] = groups.slice(6);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : address;
}

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const left = parseGroups(head);
  if (tail === undefined) return left;
  const right = parseGroups(tail);
  const gap = Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array.from({ length: gap }, () => 0), ...right];
}

function parseGroups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [(a << 8) | b, (c << 8) | d];
  });
}

/** Some proxies add the port: `192.0.2.1:443`, `[2001:db8::1]:443`. */
function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(text);
  if (bracketed?.[1] !== undefined) return bracketed[1];
  return /^[\d.]+:\d{1,5}$/.test(text) ? (text.split(':')[0] ?? '') : text;
}
