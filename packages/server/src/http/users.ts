import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { longestTokenSeconds, mintToken } from '../tokens/mint-token.ts';
import { getUserRecord } from '../users/get-user-record.ts';
import { upsertUser } from '../users/upsert-user.ts';
import { upsertUsers } from '../users/upsert-users.ts';
import type { UserProfile } from '../users/user-record.ts';
import { time } from './message-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import {
  userParams,
  userProfileSchema,
  userProfilesSchema,
  userRecordSchema,
  usersPerPut,
} from './user-schema.ts';

const defaultSeconds = 3_600;
/** A thousand people need more than a frame's worth. */
const manyBytes = 1024 * 1024;
const tags = ['Users'];

const tokenRequestSchema = z
  .object({
    expires_in: z
      .int()
      .min(1)
      .max(longestTokenSeconds)
      .optional()
      .openapi({
        description: `Seconds; ${defaultSeconds} when absent.`,
        example: defaultSeconds,
      }),
  })
  .openapi('TokenRequest');

export const tokenSchema = z
  .object({
    token: z.string().openapi({ description: 'A JWT for hello and for user routes.' }),
    expires_at: time,
  })
  .openapi('Token');

/** People and their tokens, for the host product's own server. */
export function addUserRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const put = operation(parts, 'putUser', {
    method: 'put',
    path: '/v1/users/{id}',
    summary: 'Make or change a person',
    description: 'One who was deactivated is back; older tokens stay dead.',
    tags,
    request: {
      params: userParams,
      body: { required: true, content: { 'application/json': { schema: userProfileSchema } } },
    },
    responses: {
      200: {
        description: 'The person as stored.',
        content: { 'application/json': { schema: userRecordSchema } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'not_allowed',
        'too_large',
        'unsupported_media_type',
        'unavailable',
      ),
    },
  });
  app.openapi(put, async (c) => {
    const { id } = c.req.valid('param');
    const profile = profileOf(id, c.req.valid('json'));
    return c.json(await upsertUser(parts, c.get('tenant'), profile, c.get('actor')), 200);
  });

  const putMany = operation(
    parts,
    'putUsers',
    {
      method: 'put',
      path: '/v1/users',
      summary: 'Make or change many people at once',
      description: `Up to ${usersPerPut}: all of them, or none. Otherwise as for one.`,
      tags,
      request: {
        body: { required: true, content: { 'application/json': { schema: userProfilesSchema } } },
      },
      responses: {
        200: {
          description: 'The people as stored, in the order given.',
          content: {
            'application/json': { schema: z.object({ users: z.array(userRecordSchema) }) },
          },
        },
        ...problems(
          'bad_request',
          'unauthorized',
          'not_allowed',
          'too_large',
          'unsupported_media_type',
          'unavailable',
        ),
      },
    },
    { maxBytes: manyBytes },
  );
  app.openapi(putMany, async (c) => {
    const profiles = c.req.valid('json').users.map((one) => profileOf(one.id, one));
    const users = await upsertUsers(parts, c.get('tenant'), profiles, c.get('actor'));
    return c.json({ users }, 200);
  });

  const get = operation(parts, 'getUser', {
    method: 'get',
    path: '/v1/users/{id}',
    summary: 'A person as stored',
    tags,
    request: { params: userParams },
    responses: {
      200: {
        description: 'The person.',
        content: { 'application/json': { schema: userRecordSchema } },
      },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'not_found', 'unavailable'),
    },
  });
  app.openapi(get, async (c) =>
    c.json(await getUserRecord(parts, c.get('tenant'), c.req.valid('param').id), 200),
  );

  const mint = operation(
    parts,
    'createToken',
    {
      method: 'post',
      path: '/v1/users/{id}/tokens',
      summary: 'A token with which a person signs in',
      description: 'A person who is not known yet becomes one when the token is first used.',
      tags,
      request: {
        params: userParams,
        body: { required: true, content: { 'application/json': { schema: tokenRequestSchema } } },
      },
      responses: {
        201: {
          description: 'Signed.',
          content: { 'application/json': { schema: tokenSchema } },
        },
        ...problems(
          'bad_request',
          'unauthorized',
          'not_allowed',
          'too_large',
          'unsupported_media_type',
          'unavailable',
        ),
      },
    },
    { emptyBody: true },
  );
  app.openapi(mint, async (c) => {
    const { token, expiresAt } = await mintToken(parts.keys, {
      tenant: c.get('tenant'),
      user: c.req.valid('param').id,
      expiresIn: c.req.valid('json').expires_in ?? defaultSeconds,
      now: parts.now(),
    });
    return c.json({ token, expires_at: new Date(expiresAt).toISOString() }, 201);
  });
}

/** The fields of a profile, and nothing else that was sent. */
function profileOf(id: string, given: z.infer<typeof userProfileSchema>): UserProfile {
  const { name, avatar_url, email, locale, role } = given;
  return {
    id,
    name,
    ...(avatar_url === undefined ? {} : { avatar_url }),
    ...(email === undefined ? {} : { email }),
    ...(locale === undefined ? {} : { locale }),
    ...(role === undefined ? {} : { role }),
  };
}
