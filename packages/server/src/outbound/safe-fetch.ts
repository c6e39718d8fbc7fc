import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { FairTurns } from '../limits/fair-turns.ts';
import { FetchError } from './fetch-failure.ts';
import { isPublicAddress } from './public-address.ts';
import { type ResolveHost, resolveHost } from './resolve-host.ts';

interface SafeFetchOptions {
  /** `host:port` pairs that the operator lets us reach wherever they are, also without TLS. */
  readonly privateHosts: readonly string[];
  /** Finds addresses of hosts; DNS when absent. */
  readonly resolve?: ResolveHost;
  /** For all of it, in milliseconds; 5 s when absent. */
  readonly timeMs?: number;
}

interface Target {
  readonly url: URL;
  readonly listed: boolean;
}

const wholeTimeMs = 5_000;
/** Of all, and for one: whoever is asked is slow at will, and no place of ours for that. */
const fetches = { most: 32, each: 4, waiting: 16 } as const;
const longestUrl = 2_000;
const headerBytes = 16 * 1024;
const bodyBytes = 1024 * 1024;
const jsonType = /^application\/(?:[\w.-]+\+)?json *(?:;|$)/i;

/**
 * Fetches from addresses that others chose, without reaching into our own network.
 *
 * Every address of the host is checked, and the checked ones are connected to: no second look-up
 * could answer otherwise. https only, no redirects, everything bounded. Errors are `FetchError`s,
 * which tell nothing of what the other side sent.
 */
export class SafeFetch {
  readonly #listed: ReadonlySet<string>;
  readonly #resolve: ResolveHost;
  readonly #timeMs: number;
  readonly #turns = new FairTurns(fetches);
  readonly #stopping = new AbortController();

  constructor({ privateHosts, resolve = resolveHost, timeMs = wholeTimeMs }: SafeFetchOptions) {
    this.#listed = new Set(privateHosts);
    this.#resolve = resolve;
    this.#timeMs = timeMs;
  }

  /** Refuses an address that will never be fetched; answers its one spelling. Throws `FetchError`. */
  check(address: string): string {
    return this.#parse(address).url.href;
  }

  /**
   * The JSON at an address, at most 1 MB of it within 5 s, counted from when it is asked.
   *
   * `lane` says for whom: one has four under way, the others wait. Throws `FetchError`; `unavailable`
   * where too many wait.
   */
  async json(address: string, lane: string): Promise<unknown> {
    const target = this.#parse(address);
    return this.#turns.take(lane, () => this.#read(target));
  }

  async #read(target: Target): Promise<unknown> {
    const { signal: stopped } = this.#stopping;
    const signal = AbortSignal.any([stopped, AbortSignal.timeout(this.#timeMs)]);
    try {
      const addresses = await this.#addressesOf(target, signal);
      const response = await send(target.url, addresses, signal);
      try {
        return parse(await readBody(response));
      } finally {
        response.destroy();
      }
    } catch (error) {
      if (stopped.aborted) throw new FetchError('stopped', error);
      if (signal.aborted) throw new FetchError('timeout', error);
      if (error instanceof FetchError) throw error;
      throw new FetchError(isHeaderOverflow(error) ? 'too_large' : 'unreachable', error);
    }
  }

  /** Gives up everything under way, and fetches nothing any more. */
  stop(): void {
    this.#stopping.abort();
  }

  #parse(address: string): Target {
    if (address.length > longestUrl || !URL.canParse(address)) throw new FetchError('bad_url');
    const url = new URL(address);
    // Once more: what is percent-encoded grows.
    if (url.href.length > longestUrl) throw new FetchError('bad_url');
    const secure = url.protocol === 'https:';
    if (!secure && url.protocol !== 'http:') throw new FetchError('bad_url');
    if (url.username !== '' || url.password !== '' || url.hash !== '') {
      throw new FetchError('bad_url');
    }
    const port = url.port === '' ? (secure ? '443' : '80') : url.port;
    const listed = this.#listed.has(`${url.hostname}:${port}`);
    if (!listed && (!secure || port !== '443')) throw new FetchError('bad_url');
    return { url, listed };
  }

  async #addressesOf({ url, listed }: Target, signal: AbortSignal): Promise<readonly string[]> {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const found =
      isIP(host) === 0 ? await abandoned(this.#resolve(host, listed, signal), signal) : [host];
    // One that is not public among many is enough: it may be the one that is connected to.
    if (found.length === 0 || !(listed || found.every(isPublicAddress))) {
      throw new FetchError('no_public_address');
    }
    return found;
  }
}

function send(url: URL, addresses: readonly string[], signal: AbortSignal) {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise<IncomingMessage>((resolve, reject) => {
    const sent = request(url, {
      // A connection of its own: nothing that others left open, and no proxy of the environment.
      agent: false,
      lookup: pinnedTo(addresses),
      maxHeaderSize: headerBytes,
      rejectUnauthorized: true,
      signal,
      headers: {
        Accept: 'application/json',
        'Accept-Encoding': 'identity',
        'User-Agent': 'Parley',
      },
    });
    sent.on('error', reject);
    sent.once('close', () => reject(new Error('The connection was closed.')));
    sent.once('response', resolve);
    sent.end();
  });
}

/** Answers what was checked, whatever name is asked for. */
function pinnedTo(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, answer) => {
    const [first] = found;
    if (options.all === true) answer(null, found);
    else answer(null, first?.address ?? '', first?.family ?? 0);
  };
}

async function readBody(response: IncomingMessage): Promise<Buffer> {
  const { statusCode, headers } = response;
  if (statusCode !== 200) throw new FetchError('bad_status');
  const packed = (headers['content-encoding'] ?? 'identity') !== 'identity';
  if (packed || !jsonType.test(headers['content-type'] ?? '')) throw new FetchError('bad_type');
  if (Number(headers['content-length'] ?? 0) > bodyBytes) throw new FetchError('too_large');
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    if (!Buffer.isBuffer(chunk)) throw new FetchError('not_json');
    size += chunk.length;
    if (size > bodyBytes) throw new FetchError('too_large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    // Without its cause, which quotes what was sent.
    throw new FetchError('not_json');
  }
}

function isHeaderOverflow(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'HPE_HEADER_OVERFLOW';
}

/** Goes on without the rest of some work when time is up. */
function abandoned<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error('Time is up.'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    work.then(resolve, reject);
  });
}
