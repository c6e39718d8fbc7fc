import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `epoch` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'epoch-ignored',
    bug: 'a client of another history is told changes as if nothing had been',
    file: `${server}/sync/known-conversations.ts`,
    find: 'if (!sameHistory || ahead ||',
    replace: 'if ((!sameHistory && ahead) || ahead ||',
    part: 'set back',
    failure: 'after parley epoch: ',
  },
  {
    id: 'ahead-is-current',
    bug: 'a client that is ahead is told that nothing is new',
    file: `${server}/sync/known-conversations.ts`,
    find: 'const ahead = known.version > head.version || known.last_seq > head.last_seq;',
    replace: 'const ahead = known.version > head.version + 9 && known.last_seq > head.last_seq;',
    part: 'ahead',
    failure: 'ahead by ',
  },
  {
    id: 'floor-forgotten',
    bug: 'messages that retention removed are skipped without a word',
    file: `${server}/sync/known-conversations.ts`,
    find: 'const belowFloor = known.last_seq + 1 < head.first_seq;',
    replace: 'const belowFloor = known.last_seq < 0;',
    part: 'retention',
    failure: 'known from below the floor: ',
  },
  {
    id: 'not-noticed',
    bug: 'a running node does not notice that the epoch was renewed',
    file: `${server}/gateway/heads.ts`,
    find: "if (known !== undefined && known !== epoch) this.#options.onOtherHistory('another epoch');",
    replace: 'if (known === epoch) return;',
    part: 'set back',
    failure: 'does not converge',
  },
];
