import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { listEntries } from '../audit/list-entries.ts';
import { jsonObject } from './json-object.ts';
import { time, uuid } from './message-schema.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { pageQuery } from './query.ts';
import { tenantContext } from './tenant-context.ts';

const entrySchema = z
  .object({
    id: uuid,
    at: time,
    actor: z.object({
      kind: z.enum(['operator', 'key', 'person', 'system']),
      id: z.string().optional().openapi({ description: 'Of the API key or the person.' }),
    }),
    action: z.string().openapi({ example: 'signing_key.revoked' }),
    target: jsonObject.openapi({
      description: 'What it was done to: ids and settings, never content or secrets.',
      example: { kid: 'abcdefghijkl' },
    }),
  })
  .openapi('AuditEntry');

/** Who gave authority in a tenant or took it away, for its own server. */
export function addAuditRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const list = operation(parts, 'listAuditEntries', {
    method: 'get',
    path: '/v1/audit',
    summary: 'The audit log, newest first',
    tags: ['Audit'],
    request: { query: pageQuery },
    responses: {
      200: {
        description: 'A page, and the cursor of the next one or null.',
        content: {
          'application/json': {
            schema: z.object({ entries: z.array(entrySchema), cursor: z.string().nullable() }),
          },
        },
      },
      ...problems('bad_request', 'unauthorized', 'not_allowed', 'unavailable'),
    },
  });
  app.openapi(list, async (c) =>
    c.json(await listEntries(tenantContext(parts, c), c.req.valid('query')), 200),
  );
}
