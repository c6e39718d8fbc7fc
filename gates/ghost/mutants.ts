import type { Mutant } from '../kit/mutant.ts';

const presence = 'packages/server/src/presence';

/** Bugs that `ghost` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'ghosts-for-ever',
    bug: 'nobody tells of the people of a dead node',
    file: `${presence}/store/redis-slot.ts`,
    find: 'for (const lease of dead) void this.#sweep(lease);',
    replace: 'if (dead.length < 0) void this.#sweep("");',
    part: 'killed',
    failure: 'ghosts are still shown',
  },
  {
    id: 'long-lease',
    bug: 'a lease lasts half a minute',
    file: `${presence}/store/redis.ts`,
    find: 'leaseMs: 6_000',
    replace: 'leaseMs: 30_000',
    part: 'killed',
    failure: 'ghosts are still shown',
  },
  {
    id: 'marks-go-back',
    bug: 'an old tab takes the read mark back',
    file: 'packages/server/src/messages/mark-read.ts',
    find: 'member.read_seq < least(',
    replace: 'member.read_seq <> least(',
    part: 'killed',
    failure: 'mark',
  },
  {
    id: 'tab-takes-all',
    bug: 'the last tab of a node is taken for the last one anywhere',
    file: `${presence}/presence.ts`,
    find: '      if (elsewhere) return undefined;\n',
    replace: '      if (elsewhere && turn < 0) return undefined;\n',
    part: 'second-tab',
    failure: 'a second tab closed, and told offline are',
  },
  {
    id: 'empty-believed',
    bug: 'an emptied Redis is believed',
    file: `${presence}/store/redis-slot.ts`,
    find: 'turn: !isOnline && young ? 0 : turn',
    replace: 'turn',
    part: 'flushed',
    failure: 'Redis was emptied, and told offline are',
  },
  {
    id: 'lease-not-missed',
    bug: 'a node does not notice that its lease has ended',
    file: `${presence}/store/redis-scripts.ts`,
    find: 'local done = fresh or (has == believed and (living or believed == 0))',
    replace: 'local done = true',
    part: 'paused',
    failure: 'their node goes on, and not shown are',
  },
];
