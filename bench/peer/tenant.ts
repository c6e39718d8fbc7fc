import { createHmac } from 'node:crypto';
import type { Person } from '../load/crowd.ts';
import type { Groups } from './peer.ts';

interface Secrets {
  readonly id: string;
  readonly api_key: string;
  readonly signing_secret: string;
  readonly kid: string;
}

const callsTogether = 20;
const tokenSeconds = 3_600;

/** Makes a tenant, its people and their conversations over HTTP, as a host product does. */
export async function makeTenant(
  url: string,
  operatorKey: string,
  groups: Groups,
): Promise<Person[]> {
  const call = caller(url);
  const secrets = await call<Secrets>('POST', '/v1/tenants', operatorKey, {
    id: 'bench',
    name: 'Bench',
  });
  const rooms = Array.from({ length: groups.conversations }, (_, room) =>
    Array.from({ length: groups.people }, (_, place) => `person-${room}-${place}`),
  );
  await someAtATime(rooms.flat(), (user) =>
    call('PUT', `/v1/users/${user}`, secrets.api_key, { name: user }),
  );
  const people: Person[] = [];
  await someAtATime(rooms, async (users) => {
    const tokens = users.map((user) => sign(secrets, user));
    const [founder = ''] = tokens;
    const made = await call<{ id: string } | { conversation: { id: string } }>(
      'POST',
      '/v1/conversations',
      founder,
      { kind: 'group', name: 'Bench', members: users.slice(1) },
    );
    const conversation = 'conversation' in made ? made.conversation.id : made.id;
    people.push(...tokens.map((token) => ({ token, conversation })));
  });
  return people;
}

function caller(url: string) {
  // The answers are our own server's; what is wrong in them shows at once.
  return async <T>(method: string, path: string, key: string, body: object): Promise<T> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  };
}

async function someAtATime<T>(items: readonly T[], act: (item: T) => Promise<unknown>) {
  for (let from = 0; from < items.length; from += callsTogether) {
    await Promise.all(items.slice(from, from + callsTogether).map(act));
  }
}

/** A user token, signed here as a host product may: HS256 with the tenant's secret. */
function sign({ id, signing_secret, kid }: Secrets, user: string): string {
  const now = Math.floor(Date.now() / 1_000);
  const head = encode({ alg: 'HS256', typ: 'JWT', kid });
  const claims = encode({
    aud: 'parley',
    tenant: id,
    sub: user,
    iat: now,
    exp: now + tokenSeconds,
  });
  const signature = createHmac('sha256', signing_secret).update(`${head}.${claims}`);
  return `${head}.${claims}.${signature.digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
