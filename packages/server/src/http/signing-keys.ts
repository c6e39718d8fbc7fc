import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import { type CreateSigningKey, createSigningKey } from '../tokens/create-signing-key.ts';
import { listSigningKeys } from '../tokens/list-signing-keys.ts';
import { revokeSigningKey } from '../tokens/revoke-signing-key.ts';
import { jsonObject } from './json-object.ts';
import { time } from './message-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { pageQuery } from './query.ts';
import { tenantContext } from './tenant-context.ts';

const tags = ['Signing keys'];
const kid = z.string().openapi({ example: 'abcdefghijkl' });
const algorithm = z.enum(['HS256', 'ES256', 'EdDSA', 'RS256']);
const jwk = z.record(z.string(), z.unknown());
const jwkExample = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };

const signingKeySchema = z
  .object({
    kid: kid.openapi({ description: 'What tokens call it by, in their header.' }),
    algorithm,
    public_key: jsonObject.nullable().openapi({
      description: 'As a JWK; null for a secret.',
      example: jwkExample,
    }),
    source: z.string().nullable().openapi({
      description: 'The key source that publishes it; null when it was registered here.',
    }),
    created_at: time,
  })
  .openapi('SigningKey');

const createdSchema = signingKeySchema
  .extend({
    signing_secret: z.string().optional().openapi({
      description: 'Of HS256: the key is its UTF-8 text. Told this once.',
    }),
  })
  .openapi('CreatedSigningKey');

const newSigningKeySchema = z
  .object({
    algorithm: algorithm.optional().openapi({
      description: 'HS256: a secret is made here. Of a public key it follows from the key.',
    }),
    public_key: z
      .union([z.string(), jwk], 'must be a JWK or a text in PEM')
      .optional()
      .openapi({
        description:
          'The public half of a pair that your server keeps, as a JWK or in PEM: EC P-256 (ES256), ' +
          'Ed25519 (EdDSA), RSA of 2048 to 8192 bits (RS256).',
        example: jwkExample,
      }),
    kid: kid.optional().openapi({
      description: "Of a public key; else the JWK's own, else one that we give.",
    }),
  })
  .openapi('NewSigningKey');

/** Either a secret is asked for, or a public key is given. */
function newSigningKey(given: z.infer<typeof newSigningKeySchema>): CreateSigningKey {
  const { algorithm, public_key, kid } = given;
  if (public_key === undefined) {
    if (algorithm === 'HS256' && kid === undefined) return { algorithm };
    throw new ParleyError('bad_request', {
      field: algorithm === 'HS256' ? 'kid' : 'public_key',
      message:
        'Send {"algorithm":"HS256"} for a secret that is made and named here, or `public_key`, and ' +
        'if you like its `kid`, for a pair that your server keeps.',
    });
  }
  return {
    publicKey: public_key,
    ...(kid === undefined ? {} : { kid }),
    ...(algorithm === undefined ? {} : { of: algorithm }),
  };
}

/** Keys with which a tenant's user tokens may be signed, for its own server. */
export function addSigningKeyRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const create = operation(parts, 'createSigningKey', {
    method: 'post',
    path: '/v1/signing-keys',
    summary: 'Add a signing key; those there stay good',
    description:
      'To rotate: add one, sign with it, revoke the old one when its last token has expired. Of ' +
      'secrets, the newest signs the tokens that we make. A private key is refused.',
    tags,
    request: {
      body: { required: true, content: { 'application/json': { schema: newSigningKeySchema } } },
    },
    responses: {
      201: {
        description: 'Added; it verifies from now on. A secret is not shown again.',
        content: { 'application/json': { schema: createdSchema } },
      },
      ...problems(
        'bad_request',
        'unauthorized',
        'not_allowed',
        'already_exists',
        'too_large',
        'unsupported_media_type',
        'too_many',
        'unavailable',
      ),
    },
  });
  app.openapi(create, async (c) => {
    const input = newSigningKey(c.req.valid('json'));
    return c.json(await createSigningKey(tenantContext(parts, c), input), 201);
  });

  const list = operation(parts, 'listSigningKeys', {
    method: 'get',
    path: '/v1/signing-keys',
    summary: "The tenant's signing keys, without secrets",
    tags,
    request: { query: pageQuery },
    responses: {
      200: {
        description: 'A page, and the cursor of the next one or null.',
        content: {
          'application/json': {
            schema: z.object({
              signing_keys: z.array(signingKeySchema),
              cursor: z.string().nullable(),
            }),
          },
        },
      },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'unavailable'),
    },
  });
  app.openapi(list, async (c) =>
    c.json(await listSigningKeys(tenantContext(parts, c), c.req.valid('query')), 200),
  );

  const revoke = operation(parts, 'revokeSigningKey', {
    method: 'delete',
    path: '/v1/signing-keys/{kid}',
    summary: 'Take a signing key back: its tokens are dead, their sockets closed',
    description:
      'The last secret stays unless `last` says otherwise, since we make tokens with it. A key of a ' +
      'source is taken off there.',
    tags,
    request: {
      params: z.object({ kid }),
      query: z.object({
        last: z.enum(['true', 'false']).optional().openapi({
          description: '`true`: also when it is the last secret.',
        }),
      }),
    },
    responses: {
      204: { description: 'Dead from now on; sockets are closed with 4001.' },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'not_found', 'unavailable'),
    },
  });
  app.openapi(revoke, async (c) => {
    const last = c.req.valid('query').last === 'true';
    await revokeSigningKey(tenantContext(parts, c), { kid: c.req.valid('param').kid, last });
    return c.body(null, 204);
  });
}
