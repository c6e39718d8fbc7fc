import type { Mutant } from '../kit/mutant.ts';

const known = 'packages/server/src/sync/known-conversations.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'off-by-one',
    bug: 'the first message after the known one is left out',
    file: 'packages/server/src/sync/changed-rows.ts',
    find: 'and message.seq > wanted.last_seq and',
    replace: 'and message.seq > wanted.last_seq + 1 and',
    part: 'one node',
    failure: 'follows',
  },
  {
    id: 'no-more',
    bug: 'an answer that is not all does not say so',
    file: known,
    find: "has_more: way.type === 'later' || messages.length > limits.messagesPerSync,",
    replace: 'has_more: false,',
    part: 'one node',
    failure: 'it ends with',
  },
  {
    id: 'reset-at-once',
    bug: 'whoever missed a hundred messages has to begin anew',
    file: known,
    find: 'const enough = limits.changesBeforeReset + 1;',
    replace: 'const enough = 100;',
    part: 'one node',
    failure: 'reset too soon',
  },
  {
    id: 'subscribe-after-read',
    bug: 'a connection begins to listen after it has read',
    file: 'packages/server/src/gateway/greeting.ts',
    find: 'const joined = hub.join(outlet);',
    replace: 'const joined = Promise.resolve(); setTimeout(() => void hub.join(outlet), 400);',
    part: 'cuts',
    failure: 'hole: ',
  },
  {
    id: 'from-memory',
    bug: 'the SDK goes on after a cut with what it has',
    file: 'packages/client/src/sync/sync.ts',
    find: 'this.#attempt = 0;\n    this.again();',
    replace: 'this.#attempt = 0;\n    if (this.#at === hello.server_time) this.again();',
    part: 'absences',
    failure: 'hole: ',
  },
];
