import type { Mutant } from '../kit/mutant.ts';

const origins = 'packages/server/src/doors/origins.ts';

/** Bugs that `origin` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'by-prefix',
    bug: 'origins are compared by their beginning',
    file: origins,
    find: 'this.#allowed.has(origin)',
    replace: '[...this.#allowed].some((one) => origin.startsWith(one))',
    part: 'sockets',
    failure: 'a socket of',
  },
  {
    id: 'any-tenant',
    bug: "one tenant's pages speak for another's people",
    file: origins,
    find: 'if (origin === undefined || origin.trusted) return true;',
    replace: 'if (origin === undefined || origin.value !== tenant) return true;',
    part: 'sockets',
    failure: 'a socket of rival: hello instead of 4503',
  },
  {
    id: 'any-proxy',
    bug: 'anybody may tell the scheme',
    file: origins,
    find: "forwardedProto === 'https' && isTrustedProxy(peer)",
    replace: "forwardedProto === 'https' && isTrustedProxy !== undefined",
    part: 'proxy',
    failure: 'told by a proxy: hello instead of 403',
  },
];
