import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { createKeySource } from '../tokens/create-key-source.ts';
import { listKeySources } from '../tokens/list-key-sources.ts';
import { readKeySource, type SourceContext } from '../tokens/read-key-source.ts';
import { removeKeySource } from '../tokens/remove-key-source.ts';
import { time } from './message-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { tenantContext } from './tenant-context.ts';

const tags = ['Key sources'];

const keySourceSchema = z
  .object({
    id: z.string().openapi({ example: 'abcdefghijkl' }),
    url: z.string().openapi({ example: 'https://login.example.com/.well-known/jwks.json' }),
    created_at: time,
    read_at: time.nullable().openapi({ description: 'When the last reading began.' }),
    failure: z.string().nullable().openapi({
      description: 'Why the last reading failed; null when it did not. Keys read before stay.',
    }),
    keys: z.int().openapi({ description: 'How many of its keys are in use.' }),
  })
  .openapi('KeySource');

const readingSchema = keySourceSchema
  .extend({
    ignored: z
      .array(
        z.object({
          index: z.int().openapi({ description: 'Its place in the set, from 0.' }),
          reason: z.string(),
        }),
      )
      .readonly()
      .openapi({ description: 'Keys of the set that are not used, and why.' }),
  })
  .openapi('KeySourceReading');

const newKeySourceSchema = z
  .object({
    url: z.string().openapi({
      description:
        'An https address on the standard port that answers a JWKS, of at most 1 MB and 50 keys ' +
        'within 5 seconds. Redirects are not followed.',
      example: 'https://login.example.com/.well-known/jwks.json',
    }),
  })
  .openapi('NewKeySource');

const params = z.object({ id: z.string().openapi({ example: 'abcdefghijkl' }) });

/** Addresses at which a tenant publishes its public keys, for its own server. */
export function addKeySourceRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const create = operation(parts, 'createKeySource', {
    method: 'post',
    path: '/v1/key-sources',
    summary: 'Take signing keys from an address (JWKS)',
    description:
      'It is read now, and every five minutes: keys that appear are added, keys that vanish are ' +
      'revoked. Never for a token: who presents one has nothing fetched.',
    tags,
    request: {
      body: { required: true, content: { 'application/json': { schema: newKeySourceSchema } } },
    },
    responses: {
      201: {
        description: 'Registered. Whether reading it worked is in `failure`.',
        content: { 'application/json': { schema: readingSchema } },
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
    const ctx = sourceContext(parts, c);
    return c.json(await createKeySource(ctx, c.req.valid('json').url), 201);
  });

  const list = operation(parts, 'listKeySources', {
    method: 'get',
    path: '/v1/key-sources',
    summary: "The tenant's key sources",
    tags,
    responses: {
      200: {
        description: 'All of them: ten at most.',
        content: {
          'application/json': { schema: z.object({ key_sources: z.array(keySourceSchema) }) },
        },
      },
      ...problems('unauthorized', 'not_allowed', 'unavailable'),
    },
  });
  app.openapi(list, async (c) => c.json(await listKeySources(tenantContext(parts, c)), 200));

  const read = operation(parts, 'readKeySource', {
    method: 'post',
    path: '/v1/key-sources/{id}/read',
    summary: 'Read a key source now',
    description: 'After its keys were changed. At most once in 10 seconds.',
    tags,
    request: { params },
    responses: {
      200: {
        description: 'Whether reading it worked is in `failure`; a failed one changes no key.',
        content: { 'application/json': { schema: readingSchema } },
      },
      ...problems('unauthorized', 'not_allowed', 'not_found', 'rate_limited', 'unavailable'),
    },
  });
  app.openapi(read, async (c) => {
    const ctx = sourceContext(parts, c);
    return c.json(await readKeySource(ctx, c.req.valid('param').id), 200);
  });

  const remove = operation(parts, 'removeKeySource', {
    method: 'delete',
    path: '/v1/key-sources/{id}',
    summary: 'Forget a key source and revoke its keys',
    tags,
    request: { params },
    responses: {
      204: { description: 'Gone; sockets that came with its keys are closed with 4001.' },
      ...problems('unauthorized', 'not_allowed', 'not_found', 'unavailable'),
    },
  });
  app.openapi(remove, async (c) => {
    await removeKeySource(tenantContext(parts, c), c.req.valid('param').id);
    return c.body(null, 204);
  });
}

function sourceContext(parts: AppParts, c: Context<HttpEnv>): SourceContext {
  const ctx = tenantContext(parts, c);
  const { outbound, doors } = parts;
  return { ...ctx, outbound, turn: (work) => doors.turns.take(ctx.tenant, work) };
}
