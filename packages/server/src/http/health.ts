import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';

const statusSchema = z.object({ status: z.literal('ok') }).openapi('Health');
const readinessSchema = z
  .object({
    status: z.literal('ok'),
    database: z.literal('ok'),
    bus: z.enum(['ok', 'away']).openapi({
      description:
        'Whether other nodes can be told and heard. While it is away everything is still taken, and ' +
        'other nodes find it in the database within two seconds: a node is ready without it.',
    }),
  })
  .openapi('Readiness');
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
      200: { description: 'Ready.', content: { 'application/json': { schema: readinessSchema } } },
      ...problems('unavailable'),
    },
  });
  app.openapi(ready, async (c) => {
    const message = parts.notReady();
    if (message !== undefined) throw new ParleyError('unavailable', { message, retryAfterMs });
    await assertDatabase(parts.db);
    const bus = parts.bus.figures().reachable ? ('ok' as const) : ('away' as const);
    return c.json({ status: 'ok' as const, database: 'ok' as const, bus }, 200);
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
