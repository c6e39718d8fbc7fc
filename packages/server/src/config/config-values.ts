import { BlockList, isIP } from 'node:net';
import { isOrigin } from '../tenants/origin.ts';
import { BadValue } from './environment.ts';

export type LogLevel = (typeof logLevels)[number];

const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** A port number; 0 lets the system choose. */
export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) {
    throw new BadValue('should be a number from 0 to 65535.');
  }
  return port;
}

/** An address or name to listen at. */
export function parseHost(text: string): string {
  if (isIP(text) === 0 && !/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/i.test(text)) {
    throw new BadValue('should be an IP address or a host name, without a port.');
  }
  return text;
}

/** An http(s) URL without query or credentials; loses the slash at its end. */
export function parsePublicUrl(text: string): string {
  const url = parseUrl(text, ['http:', 'https:']);
  if (url === undefined || url.search || url.hash || url.username || url.password) {
    throw new BadValue('should be like https://chat.example or https://example/chat.');
  }
  return url.href.replace(/\/+$/, '');
}

/** The URL of a PostgreSQL database. The value is a secret: no message repeats it. */
export function parseDatabaseUrl(text: string): string {
  if (parseUrl(text, ['postgres:', 'postgresql:']) === undefined) {
    throw new BadValue('should be like postgres://user:password@host:5432/database.');
  }
  return text;
}

/** URLs of a Redis or Valkey, several of a cluster. The value is a secret: no message repeats it. */
export function parseRedisUrl(text: string): string {
  const urls = list(text);
  if (urls.length === 0 || urls.some((url) => !isRedisUrl(url))) {
    throw new BadValue(
      'should be like redis://:password@host:6379, or several of one cluster, separated by commas.',
    );
  }
  return urls.join(',');
}

function isRedisUrl(text: string): boolean {
  const url = parseUrl(text, ['redis:', 'rediss:']);
  return url !== undefined && url.hostname !== '' && /^\/?\d*$/.test(url.pathname);
}

/** A key that fits into an HTTP header. */
export function parseKey(text: string): string {
  if (!/^[\x21-\x7e]{1,1024}$/.test(text)) {
    throw new BadValue('should be at most 1024 printable ASCII characters without spaces.');
  }
  return text;
}

/** `1` or `true`, `0` or `false`. */
export function parseFlag(text: string): boolean {
  switch (text.toLowerCase()) {
    case '1':
    case 'true':
      return true;
    case '0':
    case 'false':
      return false;
    default:
      throw new BadValue('should be 1 or 0.');
  }
}

/** Origins separated by commas, each exactly as browsers send it. */
export function parseOrigins(text: string): string[] {
  const origins = list(text);
  for (const item of origins) {
    if (isOrigin(item)) continue;
    const right = rightSpelling(item);
    throw new BadValue(
      'should list origins as browsers send them, like https://app.example, separated by commas; ' +
        (right === undefined
          ? `"${shorten(item)}" is none.`
          : `write "${right}" for "${shorten(item)}".`),
    );
  }
  return origins;
}

/** The origin that is meant, where nothing but an origin is said. */
function rightSpelling(text: string): string | undefined {
  const origin = parseUrl(text, ['http:', 'https:'])?.origin;
  return origin !== undefined && isOrigin(origin) && /^https?:\/\/[^/?#@\\]+\/?$/i.test(text)
    ? origin
    : undefined;
}

/**
 * Hosts separated by commas, each with a port or for both standard ones: as `host:port` pairs, hosts
 * written as in a URL.
 */
export function parseHosts(text: string): string[] {
  return list(text).flatMap((item) => {
    const [, host = '', port] = /^(\[[^\]]+\]|[^:[\]/?#@\s]+)(?::(\d{1,5}))?$/.exec(item) ?? [];
    const url = parseUrl(`http://${host}`, ['http:']);
    if (url === undefined || url.host === '' || Number(port ?? 1) > 65_535 || Number(port) === 0) {
      throw new BadValue(
        `should list hosts like login.internal or 10.0.0.5:8443, separated by commas; "${shorten(item)}" is none.`,
      );
    }
    const ports = port === undefined ? [80, 443] : [Number(port)];
    return ports.map((each) => `${url.hostname}:${each}`);
  });
}

/** IP addresses and networks in CIDR notation, separated by commas. */
export function parseAddresses(text: string): BlockList {
  const addresses = new BlockList();
  for (const item of list(text)) {
    const [address = '', prefix, ...rest] = item.split('/');
    const version = isIP(address);
    const family = version === 6 ? 'ipv6' : 'ipv4';
    const bits = version === 6 ? 128 : 32;
    const size = prefix === undefined ? bits : Number(prefix);
    if (version === 0 || rest.length > 0 || !/^\d*$/.test(prefix ?? '') || size > bits) {
      throw new BadValue(
        `should list addresses like 10.0.0.1 or 10.0.0.0/8, separated by commas; "${shorten(item)}" is none.`,
      );
    }
    addresses.addSubnet(address, size, family);
  }
  return addresses;
}

export function parseLogLevel(text: string): LogLevel {
  const level = logLevels.find((each) => each === text.toLowerCase());
  if (level === undefined) throw new BadValue(`should be one of ${logLevels.join(', ')}.`);
  return level;
}

/** A factor from 0 to a million. */
export function parseRateScale(text: string): number {
  const scale = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || scale > 1_000_000) {
    throw new BadValue('should be a number from 0 (no limits) to 1000000; 1 is the default.');
  }
  return scale;
}

function parseUrl(text: string, protocols: readonly string[]): URL | undefined {
  if (!URL.canParse(text)) return undefined;
  const url = new URL(text);
  return protocols.includes(url.protocol) ? url : undefined;
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}...` : text;
}
