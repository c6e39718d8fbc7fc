import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `noisy` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'one-more',
    bug: 'a limit lets one more through than it says',
    file: `${server}/limits/sliding-window.ts`,
    find: 'if (this.#count < allowed) return 0;',
    replace: 'if (this.#count <= allowed) return 0;',
    part: 'limits',
    failure: 'were let through at once',
  },
  {
    id: 'no-tenant',
    bug: 'a tenant has no limit, only each of its people',
    file: `${server}/gateway/dispatch.ts`,
    find: "limits.spend('tenantSends', tenant);",
    replace: 'undefined;',
    part: 'limits',
    failure: 'tenantSends: ',
  },
  {
    id: 'each-node-alone',
    bug: 'each node has limits of its own',
    file: `${server}/limits/redis.ts`,
    find: "'}:', count]",
    replace: "'}:', process.pid, count]",
    part: 'three nodes',
    failure: 'were let through',
  },
  {
    id: 'dear-refusal',
    bug: 'to refuse is as dear as to do',
    file: `${server}/limits/limits.ts`,
    find: 'if (waitMs > 0) this.#options.onRefused?.(name);',
    replace:
      'if (waitMs > 0) for (const end = performance.now() + 1; performance.now() < end; ) {}',
    part: 'others',
    failure: 'to refuse takes',
  },
  {
    id: 'any-proxy',
    bug: 'anybody may say where a request comes from',
    file: `${server}/doors/client-address.ts`,
    find: 'if (!this.isTrusted(peer)) {',
    replace: 'if (false) {',
    part: 'forwarded',
    failure: 'a stranger with other names',
  },
];
