import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { mintToken } from '../tokens/mint-token.ts';
import { upsertUser } from '../users/upsert-user.ts';
import { requireApiKey } from './auth.ts';
import { jsonBody } from './json-body.ts';
import { time } from './message-schema.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { userParams, userProfileSchema, userRecordSchema } from './user-schema.ts';

const defaultSeconds = 3_600;
const longestSeconds = 30 * 86_400;
const security = [{ apiKey: [] }];
const tags = ['Users'];

const tokenRequestSchema = z
  .object({
    expires_in: z
      .int()
      .min(1)
      .max(longestSeconds)
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
  const put = createRoute({
    method: 'put',
    path: '/v1/users/{id}',
    operationId: 'putUser',
    summary: 'Make or change a person',
    tags,
    security,
    middleware: [requireApiKey(parts), jsonBody()] as const,
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
        'too_large',
        'unsupported_media_type',
        'unavailable',
      ),
    },
  });
  app.openapi(put, async (c) => {
    const { id } = c.req.valid('param');
    const { name, avatar_url, email, locale, role } = c.req.valid('json');
    const user = await upsertUser(parts, c.get('tenant'), {
      id,
      name,
      ...(avatar_url === undefined ? {} : { avatar_url }),
      ...(email === undefined ? {} : { email }),
      ...(locale === undefined ? {} : { locale }),
      ...(role === undefined ? {} : { role }),
    });
    return c.json(user, 200);
  });

  const mint = createRoute({
    method: 'post',
    path: '/v1/users/{id}/tokens',
    operationId: 'createToken',
    summary: 'A token with which a person signs in',
    description: 'A person who is not known yet becomes one when the token is first used.',
    tags,
    security,
    middleware: [requireApiKey(parts), jsonBody({ emptyAllowed: true })] as const,
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
        'too_large',
        'unsupported_media_type',
        'unavailable',
      ),
    },
  });
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
