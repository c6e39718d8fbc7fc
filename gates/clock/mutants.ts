import type { Mutant } from '../kit/mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'wall-clock',
    bug: 'a node goes by its own wall clock',
    file: 'packages/server/src/main.ts',
    find: 'const { now } = node.clock;',
    replace: 'const now = Date.now;',
    part: 'apart',
    failure: 'dates a token wrong by',
  },
  {
    id: 'asked-once',
    bug: 'the database is asked for the time once, and never again',
    file: 'packages/server/src/nodes/node.ts',
    find: '    this.clock.take(await session.readClock());\n',
    replace: '',
    part: 'apart',
    failure: 'a token',
  },
  {
    id: 'earlier-than-the-last',
    bug: 'a message may be dated before the one it follows',
    file: 'packages/server/src/messages/dated-after.ts',
    find: 'return aheadMs > 0 && aheadMs <= patienceMs ? last : now;',
    replace:
      'return aheadMs < -patienceMs * 1e6 ? last : new Date(now.getTime() - (process.pid % 7));',
    part: 'apart',
    failure: 'are dated before the last one',
  },
  {
    id: 'token-never-ends',
    bug: 'a token is good long after it has expired',
    file: 'packages/server/src/tokens/verify-token.ts',
    find: 'const leewaySeconds = 5;',
    replace: 'const leewaySeconds = 90;',
    part: 'apart',
    failure: 'takes a token',
  },
];
