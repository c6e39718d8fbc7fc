import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type ClientAddresses, countedAs } from '../doors/client-address.ts';
import type { Origins, PageOrigin } from '../doors/origins.ts';
import { answerRaw, type RawRefusal } from '../doors/raw-answer.ts';
import type { Admission } from '../limits/admission.ts';
import { bounds } from '../limits/bounds.ts';
import type { Limits } from '../limits/limits.ts';
import { Places } from '../limits/places.ts';
import { withoutPrefix } from '../path-prefix.ts';
import { isSoundUpgrade, pathOfUpgrade } from './upgrade-request.ts';

interface DoorstepOptions {
  readonly addresses: ClientAddresses;
  readonly origins: Origins;
  readonly limits: Limits;
  /** Who has come before, and waits to be let in. */
  readonly admission: Pick<Admission, 'shutForMs'>;
  /** Path prefix of PUBLIC_URL, such as `/chat`, or empty. */
  readonly prefix: string;
  /** Headers of every answer. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Somebody who may open a WebSocket, and has not said yet who they are. */
export interface Visitor {
  readonly origin: PageOrigin | undefined;
  /** What the client's address counts as. */
  readonly address: string;
}

const comeBackMs = 1_000;

/** Who may open a WebSocket, before it costs one: path, form, address, page, and a place. */
export class Doorstep {
  readonly #options: DoorstepOptions;
  readonly #sockets = new Places({ most: bounds.webSockets, each: bounds.webSocketsPerAddress });
  readonly #greeting = new Places({ most: bounds.greeting, each: bounds.greetingPerAddress });
  readonly #greeters = new Set<Visitor>();
  /** Nobody is let in any more. */
  closed = false;

  constructor(options: DoorstepOptions) {
    this.#options = options;
  }

  /** Lets somebody in and takes their places; answers the others itself, with an HTTP error. */
  async admit(request: IncomingMessage, stream: Duplex): Promise<Visitor | undefined> {
    const address = this.#addressOf(request);
    const fault = this.#faultOf(request) ?? (await this.#floodOf(address));
    if (fault !== undefined) return this.refuse(stream, fault);
    const origin = await this.#originOf(request);
    if (origin === null) return this.refuse(stream, { code: 'origin_refused' });
    if (stream.destroyed) return undefined;
    const visitor = { origin, address };
    return this.#seat(visitor) ? visitor : this.refuse(stream, noRoom);
  }

  refuse(stream: Duplex, refusal: RawRefusal): undefined {
    answerRaw(stream, refusal, { ...this.#options.headers, Vary: 'Origin' });
  }

  /** Hello was answered: somebody else may greet in this place. */
  greeted(visitor: Visitor): void {
    if (this.#greeters.delete(visitor)) this.#greeting.leave(visitor.address);
  }

  /** The socket is gone. */
  left(visitor: Visitor): void {
    this.greeted(visitor);
    this.#sockets.leave(visitor.address);
  }

  #faultOf(request: IncomingMessage): RawRefusal | undefined {
    const { prefix } = this.#options;
    if (withoutPrefix(pathOfUpgrade(request), prefix) !== '/v1/ws') return { code: 'not_found' };
    if (request.method !== 'GET') {
      return { code: 'method_not_allowed', headers: { Allow: 'GET' } };
    }
    // Whoever speaks another version learns which one to speak (RFC 6455, 4.4).
    if (!isSoundUpgrade(request)) {
      return { code: 'bad_request', headers: { 'Sec-WebSocket-Version': '13' } };
    }
    if (this.closed) return { code: 'unavailable', retryAfterMs: comeBackMs };
    const retryAfterMs = this.#options.admission.shutForMs;
    return retryAfterMs > 0 ? { code: 'unavailable', retryAfterMs } : undefined;
  }

  async #floodOf(address: string): Promise<RawRefusal | undefined> {
    const retryAfterMs = await this.#options.limits.take('addressSockets', address);
    return retryAfterMs > 0 ? { code: 'rate_limited', retryAfterMs } : undefined;
  }

  #seat(visitor: Visitor): boolean {
    if (!this.#sockets.enter(visitor.address)) return false;
    if (!this.#greeting.enter(visitor.address)) {
      this.#sockets.leave(visitor.address);
      return false;
    }
    this.#greeters.add(visitor);
    return true;
  }

  #addressOf(request: IncomingMessage): string {
    const forwardedFor = textOf(request.headers['x-forwarded-for']);
    const peer = request.socket.remoteAddress;
    return countedAs(this.#options.addresses.of({ peer, forwardedFor }));
  }

  #originOf({ headers, socket }: IncomingMessage): Promise<PageOrigin | undefined | null> {
    return this.#options.origins.admit({
      origin: textOf(headers.origin),
      host: headers.host,
      forwardedProto: textOf(headers['x-forwarded-proto']),
      peer: socket.remoteAddress,
    });
  }
}

const noRoom: RawRefusal = { code: 'unavailable', retryAfterMs: comeBackMs };

/** A header that came twice counts as both, joined, as `Headers` does it. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(', ') : header;
}
