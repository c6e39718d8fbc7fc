import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `revoke` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'key-forgotten',
    bug: 'sockets of a revoked signing key stay open',
    file: `${server}/access/ends-session.ts`,
    find: 'return session.registration === ended.registration;',
    replace: 'return false;',
    part: 'signing-key-revoked',
    failure: 'signing key revoked: ',
  },
  {
    id: 'removed-listens',
    bug: 'who was removed goes on hearing',
    file: `${server}/gateway/hub.ts`,
    find: 'since >= version) return;',
    replace: 'since >= version || version > 0) return;',
    part: 'removed-from-the-group',
    failure: 'told of what came afterwards',
  },
  {
    id: 'blocked-writes',
    bug: 'who is blocked writes on in the direct conversation',
    file: `${server}/messages/append-plan.ts`,
    find: 'if (head.blocked) return blockedHere();',
    replace: 'if (head.blocked && head.version < 0) return blockedHere();',
    part: 'blocks',
    failure: 'a send to who blocks',
  },
  {
    id: 'late-expiry',
    bug: 'a socket outlives its token',
    file: `${server}/gateway/connection.ts`,
    find: "this.#deadline = this.#closeIn(expiresInMs, 'unauthorized');",
    replace: "this.#deadline = this.#closeIn(expiresInMs + 3_000, 'unauthorized');",
    part: 'expiry',
    failure: 'p99 of closing',
  },
  {
    id: 'not-told-elsewhere',
    bug: 'the end of access is told to this node alone, and found elsewhere by the next look',
    file: `${server}/bus/redis.ts`,
    find: 'for (const [topic, messages] of tick) {',
    replace:
      "for (const [topic, messages] of tick) {\n      if (messages.some(({ type }) => type === 'access')) continue;",
    part: 'other nodes',
    failure: 'other node',
  },
  {
    id: 'never-looked-up',
    bug: 'what the bus has lost of the end of access is never found',
    file: `${server}/gateway/tenants-here.ts`,
    find: 'if (suspended) end(outlet',
    replace: 'if (suspended && version < 0) end(outlet',
    part: 'other nodes without Redis',
    failure: 'another node: a socket is still open',
  },
];
