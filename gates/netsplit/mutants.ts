import type { Mutant } from '../kit/mutant.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'unknown-is-success',
    bug: 'a send whose commit was cut off is told as stored',
    file: 'packages/server/src/messages/group-commit.ts',
    find: '          : unavailable(error),\n      );',
    replace:
      "          : (one.resolve({ seq: 1, version: 1, created_at: '', repeated: true }), error),\n      );",
    part: 'postgres',
    failure: ['lost: ', 'divergence: '],
  },
  {
    id: 'bus-needed',
    bug: 'a node does not outlive what it says while Redis is away',
    file: 'packages/server/src/bus/redis.ts',
    find: '    // First of all to the others',
    replace:
      "    if (!this.#channels.reachable) throw new Error('Redis is away.');\n    // First of all to the others",
    part: 'redis',
    failure: 'the server ended with',
  },
  {
    id: 'off-by-one',
    bug: 'who comes back misses the first message',
    file: 'packages/server/src/sync/changed-rows.ts',
    find: 'and message.seq > wanted.last_seq and',
    replace: 'and message.seq > wanted.last_seq + 1 and',
    part: 'clients',
    failure: 'hole: ',
  },
  {
    id: 'repeats-are-new',
    bug: 'a repeat of a message whose answer was lost is refused',
    file: 'packages/server/src/messages/append-plan.ts',
    find: 'const stored = new Map(answers.existing.map((row) => [row.n - 1, row]));',
    replace: 'const stored = new Map(answers.existing.slice(0, 0).map((row) => [row.n - 1, row]));',
    part: 'clients',
    failure: 'false-failure: ',
  },
];
