import { createHmac } from 'node:crypto';
import { type CommandResult, newId } from '@parley/protocol';
import { TestSocket } from '../../packages/server/src/testing/test-socket.ts';
import { type Answer, textAt } from './http-call.ts';
import type { Installed } from './installation.ts';

/** A tenant as its host product knows it. */
export interface Tenant {
  readonly id: string;
  readonly apiKey: string;
  readonly signingSecret: string;
  readonly kid: string;
  /** A token for a person, signed here as a host product may; claims override the usual ones. */
  token(user: string, claims?: Readonly<Record<string, unknown>>): string;
  /** A socket on which this person has said hello; `at` is the socket URL of one of several nodes. */
  connect(user: string, at?: string): Promise<Person>;
}

/** A person's socket, and what hello answered. */
export type Person = TestSocket & { readonly hello: CommandResult<'hello'> };

/** Makes a tenant and its people over HTTP. */
export async function createTenant(
  { call, operatorKey, socketUrl }: Pick<Installed, 'call' | 'operatorKey' | 'socketUrl'>,
  people: readonly string[],
): Promise<Tenant> {
  const id = `t-${newId().slice(-12)}`;
  const made = await call('POST', '/v1/tenants', { bearer: operatorKey, body: { id, name: id } });
  demand(made, 201);
  const apiKey = textAt(made.body, 'api_key');
  const signingSecret = textAt(made.body, 'signing_secret');
  const kid = textAt(made.body, 'kid');
  for (const user of people) {
    const path = `/v1/users/${encodeURIComponent(user)}`;
    demand(await call('PUT', path, { bearer: apiKey, body: { name: user } }), 200);
  }
  const token: Tenant['token'] = (user, claims = {}) => {
    const now = Date.now() / 1000;
    return signHs256(
      { alg: 'HS256', typ: 'JWT', kid },
      { aud: 'parley', tenant: id, sub: user, iat: now, exp: now + 3600, ...claims },
      signingSecret,
    );
  };
  return {
    id,
    apiKey,
    signingSecret,
    kid,
    token,
    async connect(user, at = socketUrl) {
      const socket = await TestSocket.open(at);
      const hello = await socket.ask('hello', { token: token(user) });
      return Object.assign(socket, { hello });
    },
  };
}

/** A JWT with exactly this header and these claims. */
export function signHs256(header: object, claims: object, secret: string): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function demand(answer: Answer, status: number): void {
  if (answer.status !== status) throw new Error(`${answer.status} ${answer.text}`);
}
