import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { parseName } from '@parley/protocol';
import { apiKeyScopes } from '../policy/right.ts';
import { createApiKey } from '../tenants/create-api-key.ts';
import { listApiKeys } from '../tenants/list-api-keys.ts';
import { revokeApiKey } from '../tenants/revoke-api-key.ts';
import { time } from './message-schema.ts';
import { operation } from './operation.ts';
import { parsedText } from './parsed-text.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { pageQuery } from './query.ts';
import { anyTenant, tenantContext } from './tenant-context.ts';
import { tenantParams } from './tenant-schema.ts';

const tags = ['API keys'];

const scopes = z.array(z.enum(apiKeyScopes)).readonly();
const scopesDescription =
  'What it may be used for. `all`: everything. `users`: make, change, revoke and deactivate people. ' +
  '`tokens`: sign people in. `conversations`: connect people. `keys`: API keys of its own scopes, ' +
  'signing keys and key sources, so in effect anybody’s token. `settings`, `audit`: those.';

const apiKeySchema = z
  .object({
    id: z.string().openapi({
      description: 'The part of the key that may be shown.',
      example: 'abcdefghijkl',
    }),
    name: z.string().openapi({ example: 'Sign-in service' }),
    scopes: scopes.openapi({ description: scopesDescription }),
    created_at: time,
    expires_at: time.nullable(),
    last_used_at: time.nullable().openapi({ description: 'To the minute.' }),
  })
  .openapi('ApiKey');

const newApiKeySchema = z
  .object({
    name: parsedText(parseName).openapi({ example: 'Sign-in service' }),
    scopes: scopes
      .unwrap()
      .min(1)
      .max(apiKeyScopes.length)
      .readonly()
      .openapi({
        description: scopesDescription,
        example: ['tokens'],
      }),
    expires_at: z.iso.datetime({ offset: true }).optional().openapi({
      description: 'When it stops working; never when absent.',
      format: 'date-time',
      example: '2027-11-22T00:00:00Z',
    }),
  })
  .openapi('NewApiKey');

const createdSchema = apiKeySchema
  .extend({
    api_key: z.string().openapi({
      description: 'The key itself. Told this once.',
      example: 'pak_acme_abcdefghijkl_0000000000000000000000000000000000000000000',
    }),
  })
  .openapi('CreatedApiKey');

/** API keys of a tenant, for its own server. */
export function addApiKeyRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const made = {
    request: {
      body: { required: true, content: { 'application/json': { schema: newApiKeySchema } } },
    },
    responses: {
      201: {
        description: 'Made. The key is not shown again.',
        content: { 'application/json': { schema: createdSchema } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'not_allowed',
        'not_found',
        'too_large',
        'unsupported_media_type',
        'too_many',
        'unavailable',
      ),
    },
  } as const;
  const create = operation(parts, 'createApiKey', {
    method: 'post',
    path: '/v1/api-keys',
    summary: 'Make an API key',
    description:
      'A key gives another no scope that it lacks, and none that lasts longer than itself.',
    tags,
    ...made,
  });
  app.openapi(create, async (c) => {
    const input = newApiKey(c.req.valid('json'));
    return c.json(await createApiKey(tenantContext(parts, c), input), 201);
  });

  const createFor = operation(parts, 'createTenantApiKey', {
    method: 'post',
    path: '/v1/tenants/{id}/api-keys',
    summary: 'Make an API key for a tenant, as the operator',
    description: 'For a tenant that has lost its own.',
    tags,
    ...made,
    request: { ...made.request, params: tenantParams },
  });
  app.openapi(createFor, async (c) => {
    const ctx = anyTenant(parts, c, c.req.valid('param').id);
    return c.json(await createApiKey(ctx, newApiKey(c.req.valid('json'))), 201);
  });

  const list = operation(parts, 'listApiKeys', {
    method: 'get',
    path: '/v1/api-keys',
    summary: "The tenant's API keys, without their secrets",
    tags,
    request: { query: pageQuery },
    responses: {
      200: {
        description: 'A page, and the cursor of the next one or null.',
        content: {
          'application/json': {
            schema: z.object({ api_keys: z.array(apiKeySchema), cursor: z.string().nullable() }),
          },
        },
      },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'unavailable'),
    },
  });
  app.openapi(list, async (c) =>
    c.json(await listApiKeys(tenantContext(parts, c), c.req.valid('query')), 200),
  );

  const revoke = operation(parts, 'revokeApiKey', {
    method: 'delete',
    path: '/v1/api-keys/{id}',
    summary: 'Take an API key back, the one in use too',
    description: 'The last key with the scope `all` that does not expire stays (`not_allowed`).',
    tags,
    request: { params: z.object({ id: z.string().openapi({ example: 'abcdefghijkl' }) }) },
    responses: {
      204: { description: 'Dead from now on.' },
      ...problems('unauthorized', 'not_allowed', 'not_found', 'unavailable'),
    },
  });
  app.openapi(revoke, async (c) => {
    await revokeApiKey(tenantContext(parts, c), c.req.valid('param').id);
    return c.body(null, 204);
  });
}

function newApiKey({ name, scopes, expires_at }: z.infer<typeof newApiKeySchema>) {
  return { name, scopes, ...(expires_at === undefined ? {} : { expiresAt: new Date(expires_at) }) };
}
