import { lookup, Resolver } from 'node:dns/promises';

/** Finds the addresses of a host name; `listed` by the operator. Empty or failing: there is none. */
export type ResolveHost = (
  host: string,
  listed: boolean,
  signal: AbortSignal,
) => Promise<readonly string[]>;

const answerMs = 2_000;
const tries = 2;

/** Asks DNS; for hosts that the operator named, whatever else this machine knows names from. */
export const resolveHost: ResolveHost = (host, listed, signal) =>
  listed ? resolveLocally(host) : resolvePublic(host, signal);

// Not by the system's resolver: it blocks one of few threads for as long as somebody's name server
// likes, and knows names of the machine and its network that are no business of a tenant.
async function resolvePublic(host: string, signal: AbortSignal): Promise<readonly string[]> {
  const resolver = new Resolver({ timeout: answerMs, tries });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel, { once: true });
  try {
    const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

async function resolveLocally(host: string): Promise<readonly string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
