import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { deactivateUser } from '../users/deactivate-user.ts';
import { revokeUser } from '../users/revoke-user.ts';
import { time } from './message-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { userParams } from './user-schema.ts';

const tags = ['Users'];

const revocationSchema = z
  .object({
    id: z.string().openapi({ example: 'alice' }),
    tokens_valid_from: time.openapi({ description: 'Tokens issued before this are dead.' }),
  })
  .openapi('Revocation');

/** Taking a person's access, for the host product's own server. */
export function addUserAccessRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const revoke = operation(parts, 'revokeUser', {
    method: 'post',
    path: '/v1/users/{id}/revoke',
    summary: 'Kill all tokens of a person that were issued until now',
    description:
      'Their sockets are closed with 4001; a newer token is good. Works as well for an id that is ' +
      'no person yet, since its tokens would make it one. Tokens tell their age by `iat`: those ' +
      'signed in whole seconds are good from the next second on.',
    tags,
    request: { params: userParams },
    responses: {
      200: {
        description: 'Revoked; sockets are closed.',
        content: { 'application/json': { schema: revocationSchema } },
      },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'unavailable'),
    },
  });
  app.openapi(revoke, async (c) => {
    const { id } = c.req.valid('param');
    const input = { tenant: c.get('tenant'), user: id, actor: c.get('actor') };
    const validFrom = await revokeUser(parts, input);
    return c.json({ id, tokens_valid_from: validFrom.toISOString() }, 200);
  });

  const deactivate = operation(parts, 'deactivateUser', {
    method: 'delete',
    path: '/v1/users/{id}',
    summary: 'Shut a person out',
    description:
      'Their tokens are dead and their sockets closed with 4501, which says not to come back. What ' +
      'they wrote stays. `PUT /v1/users/{id}` brings them back; older tokens stay dead. An id that ' +
      'is no person yet is shut out as well.',
    tags,
    request: { params: userParams },
    responses: {
      204: { description: 'Shut out; sockets are closed.' },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'unavailable'),
    },
  });
  app.openapi(deactivate, async (c) => {
    const { id } = c.req.valid('param');
    await deactivateUser(parts, { tenant: c.get('tenant'), user: id, actor: c.get('actor') });
    return c.body(null, 204);
  });
}
