import { setTimeout } from 'node:timers/promises';
import { newId } from '@parley/protocol';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import type { Tenant } from '../kit/tenant.ts';
import type { ClientPlan } from './client.ts';

/** A conversation of the storm, and somebody in it. */
export interface Channel {
  readonly id: string;
  readonly writer: string;
}

/** Who is in what: the tenants of a storm. */
export interface Places {
  readonly channels: readonly Channel[];
  readonly clients: readonly ClientPlan[];
}

export type Door = Pick<Installed, 'call'> & {
  tenant(people?: readonly string[]): Promise<Tenant>;
};

const tenants = 5;
const peopleEach = 10;
const peoplePerCall = 500;
/** Sockets that one address asks for are counted. */
const clientsPerAddress = 500;
const callsAtOnce = 16;
/** Something is said in one of so many. */
const saidInEvery = 7;
/** `unavailable` says to try again. */
const mostTries = 10;
const pauseMs = 1_000;

/** Makes tenants with conversations of ten, so many people in all; each is in two of them. */
export async function makePlaces(door: Door, count: number): Promise<Places> {
  const channels: Channel[] = [];
  const clients: ClientPlan[] = [];
  for (let t = 0; t < tenants; t++) {
    const tenant = await door.tenant();
    const people = Array.from({ length: Math.ceil(count / tenants) }, (_, n) => `person-${n}`);
    await makePeople(door, tenant, people);
    for (const user of people) {
      clients.push({
        token: tenant.token(user),
        from: `127.7.0.${1 + Math.floor(clients.length / clientsPerAddress)}`,
      });
    }
    channels.push(...(await makeChannels(door, tenant, people)));
  }
  return { channels, clients };
}

/** Says something in some of them while nobody is there; answers how often it was told to try again. */
export async function writeToSome(door: Door, channels: readonly Channel[]): Promise<number> {
  let again = 0;
  for (const [n, channel] of channels.entries()) {
    if (n % saidInEvery === 0) again += (await write(door, channel)) - 1;
  }
  return again;
}

/** Writes a message as one of the members; answers how often it had to try. */
async function write(door: Door, { id, writer }: Channel): Promise<number> {
  const body = { id: newId(), body: 'said while nobody was there' };
  for (let tries = 1; ; tries++) {
    const { status, text } = await door.call('POST', `/v1/conversations/${id}/messages`, {
      bearer: writer,
      body,
      from: '127.7.1.1',
    });
    if (status === 201 || status === 200) return tries;
    // 502 and 504 are of a proxy whose node is gone: a repeat under the same id is the same message.
    if (![502, 503, 504].includes(status) || tries === mostTries)
      throw new Error(`not stored: ${status} ${text}`);
    await setTimeout(pauseMs);
  }
}

async function makePeople(door: Door, tenant: Tenant, people: readonly string[]): Promise<void> {
  for (let first = 0; first < people.length; first += peoplePerCall) {
    const users = people.slice(first, first + peoplePerCall).map((id) => ({ id, name: id }));
    const { status, text } = await door.call('PUT', '/v1/users', {
      bearer: tenant.apiKey,
      body: { users },
    });
    if (status !== 200) throw new Error(`people were not made: ${status} ${text}`);
  }
}

/** Tens of people, and tens that overlap by half. */
async function makeChannels(
  door: Door,
  tenant: Tenant,
  people: readonly string[],
): Promise<Channel[]> {
  const groups: string[][] = [];
  for (let first = 0; first < people.length; first += peopleEach) {
    groups.push(people.slice(first, first + peopleEach));
    const half = first + peopleEach / 2;
    groups.push([...people, ...people].slice(half, half + peopleEach));
  }
  const made: Channel[] = [];
  const work = async () => {
    for (let next = groups.pop(); next !== undefined; next = groups.pop()) {
      made.push(await makeChannel(door, tenant, next));
    }
  };
  await Promise.all(Array.from({ length: callsAtOnce }, work));
  return made;
}

async function makeChannel(
  door: Door,
  tenant: Tenant,
  [creator = '', ...members]: readonly string[],
): Promise<Channel> {
  const { status, text, body } = await door.call('POST', `/v1/users/${creator}/conversations`, {
    bearer: tenant.apiKey,
    body: { kind: 'group', name: 'Storm', members },
  });
  if (status !== 201) throw new Error(`a conversation was not made: ${status} ${text}`);
  return { id: textAt(body, 'conversation.id'), writer: tenant.token(creator) };
}
