import type { Mutant } from '../kit/mutant.ts';

const part = 'half a minute';
const gateway = 'packages/server/src/gateway';

/** Bugs that `soak` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'connections-kept',
    bug: 'what was known of a connection is kept when it is gone',
    file: `${gateway}/gateway.ts`,
    find: 'this.#connections.delete(connection);',
    replace: 'this.#connections.has(connection);',
    part,
    failure: 'memory grows',
  },
  {
    id: 'files-kept',
    bug: 'every connection leaves a file open',
    file: `${gateway}/gateway.ts`,
    find: 'this.#heartbeats.delete(connection);',
    replace:
      "this.#heartbeats.delete(connection);\n      void import('node:fs').then(({ openSync }) => openSync('/dev/null', 'r'));",
    part,
    failure: 'open files went from',
  },
  {
    id: 'complains',
    bug: 'a command fails now and then',
    file: `${gateway}/commands.ts`,
    find: 'ping: () => ({}),',
    replace: "ping: () => {\n    throw new TypeError('planted');\n  },",
    part,
    failure: 'somebody was refused',
  },
  {
    id: 'nobody-listens',
    bug: 'a failure that nobody handles ends the server',
    file: `${gateway}/commands.ts`,
    find: 'connection.typingIn.delete(input.conversation);\n    const',
    replace:
      "connection.typingIn.delete(input.conversation);\n    if (Math.random() < 0.01) void Promise.reject(new Error('planted'));\n    const",
    part,
    failure: 'the server ended',
  },
];
