import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `redis-chaos` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'rooms-not-compared',
    bug: 'what the bus lost of a conversation is found by the next message only',
    file: `${server}/gateway/heads.ts`,
    find: 'for (const rooms of chunks(hub.rooms())) await this.#compareRooms(rooms);',
    replace: 'for (const _ of chunks(hub.rooms())) break;',
    part: 'killed',
    failure: 'news was late by',
  },
  {
    id: 'people-not-compared',
    bug: 'a joining whose news was lost is never told',
    file: `${server}/gateway/heads.ts`,
    find: 'for (const people of chunks(hub.people())) await this.#comparePeople(people);',
    replace: 'for (const _ of chunks(hub.people())) break;',
    part: 'killed',
    failure: 'news was late by',
  },
  {
    id: 'bus-needed',
    bug: 'nothing can be said while Redis is away',
    file: `${server}/bus/redis.ts`,
    find: '    // First of all to the others',
    replace:
      "    if (!this.#channels.reachable) throw new Error('Redis is away.');\n    // First of all to the others",
    part: 'killed',
    failure: 'was refused: ',
  },
  {
    id: 'not-subscribed-again',
    bug: 'after a reconnection nothing is heard any more',
    file: `${server}/redis/ear.ts`,
    find: 'for (const channel of this.#wanted) this.#dirty.add(channel);',
    replace: '',
    part: 'killed',
    failure: 'did not hear the others by Redis',
  },
  {
    id: 'silence-not-seen',
    bug: 'a line on which bytes vanish is taken for a good one for ever',
    file: `${server}/redis/line.ts`,
    find: 'await inTime(silenceMs, probe(client));',
    replace: 'await probe(client);',
    part: 'partitioned',
    failure: 'did not hear the others by Redis',
  },
];
