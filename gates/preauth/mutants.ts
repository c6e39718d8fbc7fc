import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `preauth` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'patient',
    bug: 'hello may take a minute',
    file: 'packages/protocol/src/limits.ts',
    find: 'helloMs: 5_000',
    replace: 'helloMs: 60_000',
    part: 'time',
    failure: 'an upgrade and',
  },
  {
    id: 'patient-door',
    bug: 'the head of a request may take half a minute',
    file: `${server}/doors/front-door.ts`,
    find: 'headersTimeout: 4_500',
    replace: 'headersTimeout: 30_000',
    part: 'time',
    failure: 'there for',
  },
  {
    id: 'waste',
    bug: 'every connection has a buffer of its own from the start',
    file: `${server}/gateway/connection.ts`,
    find: 'readonly watched = new Set<string>();',
    replace: 'readonly watched = new Set<string>(); readonly waste = Buffer.alloc(20_000, 1);',
    part: 'idle',
    failure: 'an upgrade and silence costs',
  },
  {
    id: 'leak',
    bug: 'connections that are gone are kept',
    file: `${server}/gateway/gateway.ts`,
    find: 'this.#connections.delete(connection);',
    replace: '',
    part: 'churn',
    failure: 'the server still has',
  },
];
