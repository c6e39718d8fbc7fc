import type { Mutant } from '../kit/mutant.ts';

const gateway = 'packages/server/src/gateway';

/** Bugs that `slow` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'no-bound',
    bug: 'what a client does not read piles up without a bound',
    file: `${gateway}/outflow.ts`,
    find: 'if (this.#isTooMuch()) onSlow();',
    replace: 'if (this.#isTooMuch() && this.#queuedBytes < 0) onSlow();',
    part: 'resume',
    failure: 'messages waited for who does not read',
  },
  {
    id: 'no-reason',
    bug: 'who reads slowly is cut without a word',
    file: `${gateway}/connection.ts`,
    find: 'const slowCloseMs = 10_000;',
    replace: 'const slowCloseMs = 1;',
    part: 'resume',
    failure: 'a slow reader is closed with',
  },
  {
    id: 'skips-when-slow',
    bug: 'what a slow client cannot take is skipped',
    file: `${gateway}/outflow.ts`,
    find: '    this.#queued.push(frame);\n',
    replace:
      '    if (this.#isBlocked && this.#queued.length > 20) return;\n    this.#queued.push(frame);\n',
    part: 'resume',
    failure: 'who does not read is not closed',
  },
  {
    id: 'dead-for-ever',
    bug: 'a socket whose other end is gone is never found',
    file: `${gateway}/heartbeats.ts`,
    find: '>= bounds.silentMs',
    replace: '>= bounds.silentMs * 2',
    part: 'dead',
    failure: 'dead sockets are there',
  },
];
