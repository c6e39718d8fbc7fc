import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';

const statusSchema = z.object({ status: z.literal('ok') }).openapi('Health');
const patienceMs = 2_000;
const retryAfterMs = 1_000;

/** Whether the process lives, and whether it should get work. */
export function addHealthRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const live = operation(parts, 'getHealth', {
    method: 'get',
    path: '/healthz',
    summary: 'The process is up',
    tags: ['Operation'],
    responses: {
      200: { description: 'Up.', content: { 'application/json': { schema: statusSchema } } },
      ...problems(),
    },
  });
  app.openapi(live, (c) => c.json({ status: 'ok' as const }, 200));

  const ready = operation(parts, 'getReadiness', {
    method: 'get',
    path: '/readyz',
    summary: 'The process takes work: the database answers, no drain is under way',
    tags: ['Operation'],
    responses: {
      200: { description: 'Ready.', content: { 'application/json': { schema: statusSchema } } },
      ...problems('unavailable'),
    },
  });
  app.openapi(ready, async (c) => {
    if (!parts.ready()) {
      throw new ParleyError('unavailable', {
        message: 'The server is starting or draining. Ask another, or again soon.',
        retryAfterMs,
      });
    }
    await assertDatabase(parts.db);
    return c.json({ status: 'ok' as const }, 200);
  });
}

async function assertDatabase(db: Database): Promise<void> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error('No answer in time.')), patienceMs);
  try {
    await Promise.race([sql`select 1`.execute(db.core), late]);
  } catch (cause) {
    throw new ParleyError('unavailable', {
      message: 'The database does not answer.',
      retryAfterMs,
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}
