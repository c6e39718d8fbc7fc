import { isOrigin } from '../tenants/origin.ts';

/** Where a page comes from that asks; `trusted`: our own, or one of ALLOWED_ORIGINS. */
export interface PageOrigin {
  readonly value: string;
  readonly trusted: boolean;
}

/** What a request says of its page and of this server. */
export interface PageRequest {
  readonly origin: string | undefined;
  readonly host: string | undefined;
  readonly forwardedProto: string | undefined;
  /** The other end of the socket. */
  readonly peer: string | undefined;
}

interface OriginsOptions {
  /** The address people use, where it is known; else scheme and Host of the request. */
  readonly publicUrl: URL | undefined;
  readonly allowedOrigins: readonly string[];
  /** Whether some tenant lists this origin. */
  readonly someTenantLists: (origin: string) => Promise<boolean>;
  /** The origins that a tenant lists. */
  readonly listedBy: (tenant: string) => Promise<readonly string[]>;
  /** Whether a proxy at this address is trusted to tell the scheme. */
  readonly isTrustedProxy: (address: string | undefined) => boolean;
}

/** A host has at most 253 characters. */
const longest = 280;

/**
 * Which pages may ask, by whichever door: a foreign page must not speak with its visitor's token.
 *
 * An origin is compared whole, in the one form in which browsers write it; what has another form
 * (`null`, capitals, a default port, two origins) was written by none. No origin means no browser.
 */
export class Origins {
  readonly #options: OriginsOptions;
  readonly #allowed: ReadonlySet<string>;

  constructor(options: OriginsOptions) {
    this.#options = options;
    this.#allowed = new Set(options.allowedOrigins);
  }

  /**
   * The page's origin, undefined when there is none, or null when it is refused.
   *
   * One that is not `trusted` is some tenant's: ask `serves` as soon as the tenant is known.
   */
  async admit(request: PageRequest): Promise<PageOrigin | undefined | null> {
    const { origin } = request;
    if (origin === undefined) return undefined;
    if (origin.length > longest || !isOrigin(origin)) return null;
    if (origin === this.#own(request) || this.#allowed.has(origin)) {
      return { value: origin, trusted: true };
    }
    return (await this.#options.someTenantLists(origin)) ? { value: origin, trusted: false } : null;
  }

  /** Whether pages of an admitted origin may speak for people of this tenant. */
  async serves(origin: PageOrigin | undefined, tenant: string): Promise<boolean> {
    if (origin === undefined || origin.trusted) return true;
    return (await this.#options.listedBy(tenant)).includes(origin.value);
  }

  #own({ host, forwardedProto, peer }: PageRequest): string | undefined {
    const { publicUrl, isTrustedProxy } = this.#options;
    if (publicUrl !== undefined) return publicUrl.origin;
    const scheme = forwardedProto === 'https' && isTrustedProxy(peer) ? 'https' : 'http';
    const own = `${scheme}://${host ?? ''}`;
    return URL.canParse(own) ? new URL(own).origin : undefined;
  }
}
