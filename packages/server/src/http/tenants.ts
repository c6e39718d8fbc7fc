import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import { isTenantId, parseName } from '@parley/protocol';
import { createTenant } from '../tenants/create-tenant.ts';
import { requireOperator } from './auth.ts';
import { jsonBody } from './json-body.ts';
import { parsedText } from './parsed-text.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';

const newTenantSchema = z
  .object({
    id: z
      .string()
      .refine(isTenantId, 'must be 1 to 63 lower-case letters, digits and inner hyphens')
      .openapi({
        description: 'A slug.',
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        example: 'acme',
      }),
    name: parsedText(parseName).openapi({ example: 'Acme Inc.' }),
  })
  .openapi('NewTenant');

const tenantSecretsSchema = z
  .object({
    id: z.string().openapi({ example: 'acme' }),
    name: z.string().openapi({ example: 'Acme Inc.' }),
    api_key: z.string().openapi({
      description: 'Authorises your server. Told this once.',
      example: 'pak_acme_abcdefghijkl_0000000000000000000000000000000000000000000',
    }),
    signing_secret: z.string().openapi({
      description: 'Signs user tokens (HS256; the key is the UTF-8 text). Told this once.',
      example: '0000000000000000000000000000000000000000000',
    }),
    kid: z.string().openapi({
      description: 'Names the secret: the `kid` of every token signed with it.',
      example: 'abcdefghijkl',
    }),
  })
  .openapi('TenantSecrets');

/** Tenants, made by the operator of the installation. */
export function addTenantRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const create = createRoute({
    method: 'post',
    path: '/v1/tenants',
    operationId: 'createTenant',
    summary: 'Make a tenant and its first secrets',
    tags: ['Tenants'],
    security: [{ operatorKey: [] }],
    middleware: [requireOperator(parts), jsonBody()] as const,
    request: {
      body: { required: true, content: { 'application/json': { schema: newTenantSchema } } },
    },
    responses: {
      201: {
        description: 'Made. The secrets are not shown again.',
        content: { 'application/json': { schema: tenantSecretsSchema } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'already_exists',
        'too_large',
        'unsupported_media_type',
        'unavailable',
      ),
    },
  });
  app.openapi(create, async (c) => c.json(await createTenant(parts, c.req.valid('json')), 201));
}
