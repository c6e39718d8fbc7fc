import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import { demoTenant } from '../demo/people.ts';
import { mintToken } from '../tokens/mint-token.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';
import { tokenSchema } from './users.ts';

const tokenSeconds = 3_600;
const tags = ['Demo'];

const personSchema = z
  .object({
    id: z.string().openapi({ example: 'alice' }),
    name: z.string().openapi({ example: 'Alice' }),
    avatar_url: z.string().nullable(),
    title: z.string().openapi({ example: 'Designer' }),
  })
  .openapi('DemoPerson');

/** Sign-in by choosing a person. Mounted in demo mode and nowhere else. */
export function addDemoRoutes(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const { demo } = parts;
  if (!parts.config.demo || demo === undefined) return;

  const list = operation(parts, 'listDemoPeople', {
    method: 'get',
    path: '/v1/demo/people',
    summary: 'Whom one can be in the demo',
    tags,
    responses: {
      200: {
        description: 'In the order to show them.',
        content: {
          'application/json': { schema: z.object({ people: z.array(personSchema).readonly() }) },
        },
      },
      ...problems('unavailable'),
    },
  });
  app.openapi(list, async (c) => c.json({ people: await demo.people() }, 200));

  const signIn = operation(parts, 'demoSignIn', {
    method: 'post',
    path: '/v1/demo/sign-in',
    summary: 'A token of a demo person',
    tags,
    request: {
      body: {
        required: true,
        content: {
          'application/json': {
            schema: z
              .object({ user: z.string().openapi({ example: 'alice' }) })
              .openapi('DemoSignIn'),
          },
        },
      },
    },
    responses: {
      201: { description: 'Signed.', content: { 'application/json': { schema: tokenSchema } } },
      ...problems('bad_request', 'not_found', 'too_large', 'unsupported_media_type', 'unavailable'),
    },
  });
  app.openapi(signIn, async (c) => {
    const { user } = c.req.valid('json');
    const people = await demo.people();
    if (!people.some((person) => person.id === user)) throw new ParleyError('not_found');
    const { token, expiresAt } = await mintToken(parts.keys, {
      // Whatever was asked, no other tenant's tokens are made here.
      tenant: demoTenant.id,
      user,
      expiresIn: tokenSeconds,
      now: parts.now(),
    });
    return c.json({ token, expires_at: new Date(expiresAt).toISOString() }, 201);
  });
}
