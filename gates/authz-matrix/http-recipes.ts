import { newId } from '@parley/protocol';
import type { Operation } from '../../packages/server/src/policy/operation-policy.ts';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import { makeKey, type Scope } from './credentials.ts';
import { type ConversationName, nobody } from './people.ts';
import type { World } from './world.ts';

/** Who may, by hand: the matrix's own truth. */
export type May =
  | { readonly who: 'anyone' }
  | { readonly who: 'operator' }
  | { readonly who: 'key'; readonly scope: Scope; readonly operatorToo?: boolean }
  | { readonly who: 'person'; readonly in?: boolean; readonly guests?: boolean };

/** What stands in an operation's path, and is the tenant `acme`'s. */
interface Named {
  /** Made for one call, since the call may end it. */
  readonly own: (world: World, server: Installed) => Promise<string>;
  readonly invented: string;
  /** Ids of people mean one of each tenant: then a foreign one is simply the caller's own namesake. */
  readonly people?: boolean;
}

export interface Recipe {
  readonly may: May;
  readonly named?: Named;
  readonly body?: (world: World) => unknown;
  /** Answers of a call that went well. */
  readonly ok: readonly number[];
}

const uuid = '01900000-0000-7000-8000-000000000000';
const anyone: May = { who: 'anyone' };
const key = (scope: Scope, operatorToo = false): May => ({ who: 'key', scope, operatorToo });

const somebody: Named = {
  own: async (world, server) => {
    const id = `temp-${newId()}`;
    await server.call('PUT', `/v1/users/${id}`, { bearer: world.acme.apiKey, body: { name: id } });
    return id;
  },
  invented: nobody,
  people: true,
};
const tenant: Named = { own: async (world) => world.acme.id, invented: 'no-such-tenant' };
const signingKey: Named = {
  own: async (world, server) => {
    const made = await server.call('POST', '/v1/signing-keys', {
      bearer: world.acme.apiKey,
      body: { algorithm: 'HS256' },
    });
    return textAt(made.body, 'kid');
  },
  invented: 'abcdefghijkl',
};
const apiKey: Named = {
  own: async (world, server) => (await makeKey(server, world.acme)).id,
  invented: 'abcdefghijkl',
};
const source: Named = {
  own: async (world, server) => {
    const bearer = world.acme.apiKey;
    const listed = await server.call('GET', '/v1/key-sources', { bearer });
    // A tenant has few: the one of the call before makes room.
    const [before] = /"id":"(\w+)"/.exec(listed.text)?.slice(1) ?? [];
    if (before !== undefined) await server.call('DELETE', `/v1/key-sources/${before}`, { bearer });
    const made = await server.call('POST', '/v1/key-sources', {
      bearer,
      body: { url: `https://keys.invalid/${newId()}` },
    });
    return textAt(made.body, 'id');
  },
  invented: 'abcdefghijkl',
};

/** Operations about one conversation, by name of it in the path. */
export const aboutConversation: readonly Operation[] = [
  'getConversation',
  'listMessages',
  'sendMessage',
];

/**
 * How each operation of `/openapi.json` is called, and who may.
 *
 * An operation of the server without a recipe does not compile; one that the server does not describe
 * fails the gate.
 */
export const recipes: Readonly<Record<Operation, Recipe>> = {
  getHealth: { may: anyone, ok: [200] },
  getReadiness: { may: anyone, ok: [200] },
  getOpenApi: { may: anyone, ok: [200] },
  // From this machine, as the gate asks, without a key.
  getMetrics: { may: anyone, ok: [200] },
  openRoot: { may: anyone, ok: [302] },
  openPage: { may: anyone, ok: [200, 503] },
  openPageWithoutSlash: { may: anyone, ok: [308] },
  getPageConfig: { may: anyone, ok: [200] },
  getPageAsset: { may: anyone, ok: [200, 404, 503] },
  getPageFile: { may: anyone, ok: [200, 404, 503] },
  // Not mounted where there is no demo.
  listDemoPeople: { may: anyone, ok: [404] },
  demoSignIn: { may: anyone, ok: [404] },

  createTenant: {
    may: { who: 'operator' },
    body: () => ({ id: `t-${newId().slice(-12)}`, name: 'new' }),
    ok: [201],
  },
  createTenantApiKey: {
    may: { who: 'operator' },
    named: tenant,
    body: () => ({ name: 'x', scopes: ['audit'] }),
    ok: [201],
  },
  suspendTenant: {
    may: { who: 'operator' },
    named: { own: async (_, server) => (await server.tenant()).id, invented: 'no-such-tenant' },
    ok: [200, 204],
  },
  resumeTenant: { may: { who: 'operator' }, named: tenant, ok: [200, 204] },
  getTenant: { may: key('settings', true), named: tenant, ok: [200] },
  updateTenant: { may: key('settings', true), named: tenant, body: () => ({}), ok: [200] },

  listApiKeys: { may: key('keys'), ok: [200] },
  createApiKey: { may: key('keys'), body: () => ({ name: 'x', scopes: ['keys'] }), ok: [201] },
  revokeApiKey: { may: key('keys'), named: apiKey, ok: [200, 204] },
  listSigningKeys: { may: key('keys'), ok: [200] },
  createSigningKey: { may: key('keys'), body: () => ({ algorithm: 'HS256' }), ok: [201] },
  revokeSigningKey: { may: key('keys'), named: signingKey, ok: [200, 204] },
  listKeySources: { may: key('keys'), ok: [200] },
  // A name that does not resolve: registered or refused for that, never for authority.
  createKeySource: {
    may: key('keys'),
    body: () => ({ url: 'http://not-allowed.invalid/' }),
    ok: [201, 400],
  },
  // 429: it was read a moment ago, when it was made.
  readKeySource: { may: key('keys'), named: source, ok: [200, 429] },
  removeKeySource: { may: key('keys'), named: source, ok: [200, 204] },
  listAuditEntries: { may: key('audit'), ok: [200] },

  putUser: { may: key('users'), named: somebody, body: () => ({ name: 'x' }), ok: [200] },
  putUsers: { may: key('users'), body: () => ({ users: [{ id: 'temp', name: 'x' }] }), ok: [200] },
  getUser: { may: key('users'), named: somebody, ok: [200] },
  revokeUser: { may: key('users'), named: somebody, ok: [200, 204] },
  deactivateUser: { may: key('users'), named: somebody, ok: [200, 204] },
  createToken: { may: key('tokens'), named: somebody, body: () => ({}), ok: [201] },
  createConversationFor: {
    may: key('conversations'),
    named: somebody,
    body: () => ({ kind: 'group', members: [], name: 'x' }),
    ok: [200, 201],
  },

  createConversation: {
    may: { who: 'person', guests: false },
    body: () => ({ kind: 'group', members: [], name: 'x' }),
    ok: [201],
  },
  listConversations: { may: { who: 'person' }, ok: [200] },
  getConversation: { may: { who: 'person', in: true }, ok: [200] },
  listMessages: { may: { who: 'person', in: true }, ok: [200] },
  sendMessage: {
    may: { who: 'person', in: true },
    body: () => ({ id: newId(), body: 'hello' }),
    ok: [201],
  },
};

/** An id in a path that is a conversation's. */
export function conversationId(world: World, name: ConversationName): string {
  return name === 'invented' ? uuid : world.conversations[name];
}
