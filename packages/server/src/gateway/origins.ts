import type { IncomingMessage } from 'node:http';
import type { PageOrigin } from './connection.ts';

interface OriginsOptions {
  /** The address people use, where it is known; else scheme and Host of the request. */
  readonly publicUrl: URL | undefined;
  readonly allowedOrigins: readonly string[];
  /** Whether some tenant lists this origin; `hello` then checks that it is the token's. */
  readonly someTenantLists: (origin: string) => Promise<boolean>;
  /** Whether a proxy at this address is trusted to tell the scheme. */
  readonly isTrustedProxy: (address: string) => boolean;
}

/**
 * Which pages may open a socket: a foreign page must not speak with its visitor's token.
 *
 * Compared whole, never by prefix or suffix. No Origin means that it is no browser.
 */
export class Origins {
  readonly #options: OriginsOptions;

  constructor(options: OriginsOptions) {
    this.#options = options;
  }

  /** The page's origin, undefined when there is none, or null when it is refused. */
  async admit(request: IncomingMessage): Promise<PageOrigin | undefined | null> {
    const { origin } = request.headers;
    if (origin === undefined) return undefined;
    if (origin === this.#own(request) || this.#options.allowedOrigins.includes(origin)) {
      return { value: origin, trusted: true };
    }
    if (await this.#options.someTenantLists(origin)) return { value: origin, trusted: false };
    return null;
  }

  #own(request: IncomingMessage): string {
    const { publicUrl, isTrustedProxy } = this.#options;
    if (publicUrl !== undefined) return publicUrl.origin;
    const told = request.headers['x-forwarded-proto'];
    const scheme =
      told === 'https' && isTrustedProxy(request.socket.remoteAddress ?? '') ? 'https' : 'http';
    return `${scheme}://${request.headers.host ?? ''}`;
  }
}
