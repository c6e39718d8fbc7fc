import { createClient } from '@parley/client';
import { type DemoPerson, type Door, type PageConfig, UnknownPersonError } from './door.ts';

/** The page lives at `<server>/app/messages/`; the server may have a path prefix. */
const toServer = '../../';
const answerWithinMs = 15_000;

/** The door to the server that this page came from. */
export function serverDoor(page: string): Door {
  const server = new URL(toServer, page);
  return {
    config: async () => readConfig(await get(new URL('config.json', page))),
    demoPeople: async () => readPeople(await get(new URL('v1/demo/people', server))),
    demoSignIn: async (person) => readToken(await post(new URL('v1/demo/sign-in', server), person)),
    createClient: (getToken) => createClient({ url: server.href, getToken }),
  };
}

async function get(url: URL): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(answerWithinMs) });
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response.json();
}

async function post(url: URL, user: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
    signal: AbortSignal.timeout(answerWithinMs),
  });
  if (response.status === 404) throw new UnknownPersonError(`There is no ${user} here.`);
  if (!response.ok) throw new Error(`The server answered ${response.status}.`);
  return response.json();
}

function readConfig(answer: unknown): PageConfig {
  return { demo: isObject(answer) && answer['demo'] === true };
}

function readPeople(answer: unknown): readonly DemoPerson[] {
  const people = isObject(answer) ? answer['people'] : null;
  if (!Array.isArray(people)) throw new Error('The list of people is not one.');
  return people.filter(isObject).map((person) => ({
    id: String(person['id']),
    name: String(person['name']),
    avatar_url: typeof person['avatar_url'] === 'string' ? person['avatar_url'] : null,
    title: typeof person['title'] === 'string' ? person['title'] : '',
  }));
}

function readToken(answer: unknown): string {
  const token = isObject(answer) ? answer['token'] : null;
  if (typeof token !== 'string') throw new Error('There is no token in the answer.');
  return token;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
