import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import { signHs256, type Tenant } from '../kit/tenant.ts';
import { type Actor, actors, extras, people } from './people.ts';
import type { World } from './world.ts';

export const scopes = [
  'all',
  'users',
  'tokens',
  'conversations',
  'keys',
  'settings',
  'audit',
] as const;
export type Scope = (typeof scopes)[number];

/** What somebody shows at the HTTP door. */
export type Credential =
  | { readonly kind: 'none' }
  | { readonly kind: 'operator' }
  | { readonly kind: 'key'; readonly tenant: 'acme' | 'rival'; readonly scope: Scope }
  | { readonly kind: 'person'; readonly actor: Actor }
  /** Was good once, or never: nothing more is told than that it is not. */
  | { readonly kind: 'dead'; readonly why: string };

export interface Shown {
  readonly credential: Credential;
  readonly bearer: string | undefined;
  readonly name: string;
}

/** One of every kind of credential, living and dead. */
export async function makeCredentials(server: Installed, world: World): Promise<Shown[]> {
  const { acme, rival } = world;
  const shown: Shown[] = [
    { name: 'nobody', credential: { kind: 'none' }, bearer: undefined },
    { name: 'operator', credential: { kind: 'operator' }, bearer: server.operatorKey },
    {
      name: "rival's key",
      credential: { kind: 'key', tenant: 'rival', scope: 'all' },
      bearer: rival.apiKey,
    },
  ];
  for (const scope of scopes) {
    const { key } = await makeKey(server, acme, [scope]);
    const credential = { kind: 'key', tenant: 'acme', scope } as const;
    shown.push({ name: `key for ${scope}`, credential, bearer: key });
  }
  for (const actor of actors) {
    const { tenant, id } = people[actor];
    const credential = { kind: 'person', actor } as const;
    shown.push({ name: actor, credential, bearer: world[tenant].token(id) });
  }
  for (const { why, bearer } of await makeDead(server, world)) {
    shown.push({ name: why, credential: { kind: 'dead', why }, bearer });
  }
  return shown;
}

/** Tokens and keys that are no good, each for a reason of its own. */
export async function makeDead(
  server: Installed,
  { acme }: World,
): Promise<{ readonly why: string; readonly bearer: string; readonly token: boolean }[]> {
  const now = Date.now() / 1000;
  const dead = [
    { why: 'nonsense', bearer: 'nonsense', token: true },
    {
      why: 'an expired token',
      bearer: acme.token('mia', { exp: now - 120, iat: now - 240 }),
      token: true,
    },
    { why: 'a token of nowhere', bearer: acme.token('mia', { tenant: 'nowhere' }), token: true },
    { why: 'a token for others', bearer: acme.token('mia', { aud: 'others' }), token: true },
    { why: 'a deactivated person', bearer: acme.token(extras.dan), token: true },
    {
      why: 'a key of nowhere',
      bearer: `pak_nowhere_${'a'.repeat(12)}_${'A'.repeat(43)}`,
      token: false,
    },
    { why: 'a key with another secret', bearer: `${acme.apiKey.slice(0, -4)}AAAA`, token: false },
  ];
  const put = (id: string) =>
    server.call('PUT', `/v1/users/${id}`, { bearer: acme.apiKey, body: { name: id } });
  await put('revoked-one');
  const revoked = acme.token('revoked-one');
  await server.call('POST', '/v1/users/revoked-one/revoke', { bearer: acme.apiKey });
  dead.push({ why: 'a revoked token', bearer: revoked, token: true });

  const signing = await server.call('POST', '/v1/signing-keys', {
    bearer: acme.apiKey,
    body: { algorithm: 'HS256' },
  });
  const kid = textAt(signing.body, 'kid');
  const claims = { aud: 'parley', tenant: acme.id, sub: 'mia', iat: now, exp: now + 600 };
  const secret = textAt(signing.body, 'signing_secret');
  const signed = signHs256({ alg: 'HS256', kid }, claims, secret);
  await server.call('DELETE', `/v1/signing-keys/${kid}`, { bearer: acme.apiKey });
  dead.push({ why: 'a token of a revoked key', bearer: signed, token: true });

  const taken = await makeKey(server, acme);
  await server.call('DELETE', `/v1/api-keys/${taken.id}`, { bearer: acme.apiKey });
  dead.push({ why: 'a revoked key', bearer: taken.key, token: false });

  const suspended = await server.tenant(['mia']);
  const bearer = suspended.token('mia');
  await server.call('POST', `/v1/tenants/${suspended.id}/suspend`, { bearer: server.operatorKey });
  dead.push({ why: 'a token of a suspended tenant', bearer, token: true });
  dead.push({ why: 'a key of a suspended tenant', bearer: suspended.apiKey, token: false });
  return dead;
}

/** A further API key of a tenant. */
export async function makeKey(
  server: Installed,
  tenant: Tenant,
  scopes: readonly Scope[] = ['all'],
): Promise<{ readonly id: string; readonly key: string }> {
  const made = await server.call('POST', '/v1/api-keys', {
    bearer: tenant.apiKey,
    body: { name: 'of the matrix', scopes },
  });
  return { id: textAt(made.body, 'id'), key: textAt(made.body, 'api_key') };
}
