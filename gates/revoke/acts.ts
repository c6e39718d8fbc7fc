import { TestSocket } from '../../packages/server/src/testing/test-socket.ts';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import { signHs256, type Tenant } from '../kit/tenant.ts';

/** Any server, or a node of several. */
export type ActingServer = Pick<Installed, 'call' | 'socketUrl' | 'operatorKey'>;

/** Where an act is tried: a group of a tenant of its own, with somebody who talks in it. */
export interface Scene {
  readonly server: ActingServer;
  readonly tenant: Tenant;
  /** Owns the group, and talks. */
  readonly owner: TestSocket;
  readonly group: string;
  /** Whose access ends. */
  readonly victim: string;
  /** A good token of the victim, from before the act. */
  readonly token: string;
  /** Of the key that signed it. */
  readonly kid: string;
}

/** Something that takes access back. */
export interface Act {
  readonly name: string;
  /** What is gone afterwards: the tenant, or this group. */
  readonly ends: 'access' | 'place';
  /** How the victim's sockets are closed; undefined when they stay. */
  readonly code?: number;
  /** Does it; settles when it is acknowledged. */
  readonly run: (scene: Scene) => Promise<void>;
}

export const acts: readonly Act[] = [
  {
    name: 'tokens revoked',
    ends: 'access',
    code: 4001,
    run: ({ server, tenant, victim }) =>
      called(server, 'POST', `/v1/users/${victim}/revoke`, tenant.apiKey),
  },
  {
    name: 'person deactivated',
    ends: 'access',
    code: 4501,
    run: ({ server, tenant, victim }) =>
      called(server, 'DELETE', `/v1/users/${victim}`, tenant.apiKey),
  },
  {
    name: 'tenant suspended',
    ends: 'access',
    code: 4501,
    run: ({ server, tenant }) =>
      called(server, 'POST', `/v1/tenants/${tenant.id}/suspend`, server.operatorKey),
  },
  {
    name: 'signing key revoked',
    ends: 'access',
    code: 4001,
    run: ({ server, tenant, kid }) =>
      called(server, 'DELETE', `/v1/signing-keys/${kid}`, tenant.apiKey),
  },
  {
    name: 'removed from the group',
    ends: 'place',
    run: async ({ owner, group, victim }) => {
      await owner.ask('member.remove', { conversation: group, user: victim });
    },
  },
  {
    name: 'left the group',
    ends: 'place',
    run: async ({ server, token, group }) => {
      const other = await open(server, token);
      await other.ask('conversation.leave', { conversation: group });
      await other.close();
    },
  },
];

/** A signing key beside the first one, and a token that it signs. */
export async function signWithNewKey(
  server: ActingServer,
  tenant: Tenant,
  user: string,
): Promise<{ readonly kid: string; readonly token: string }> {
  const made = await server.call('POST', '/v1/signing-keys', {
    bearer: tenant.apiKey,
    body: { algorithm: 'HS256' },
  });
  const kid = textAt(made.body, 'kid');
  const now = Date.now() / 1000;
  const claims = { aud: 'parley', tenant: tenant.id, sub: user, iat: now, exp: now + 600 };
  const token = signHs256({ alg: 'HS256', kid }, claims, textAt(made.body, 'signing_secret'));
  return { kid, token };
}

/** A socket on which somebody says hello with this token. */
export async function open(server: ActingServer, token: string): Promise<TestSocket> {
  const socket = await TestSocket.open(server.socketUrl);
  await socket.ask('hello', { token });
  return socket;
}

async function called(
  server: ActingServer,
  method: string,
  path: string,
  bearer: string,
): Promise<void> {
  const { status, text } = await server.call(method, path, { bearer });
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
}
