import { type OpenAPIHono, z } from '@hono/zod-openapi';
import { prefixOf } from '../path-prefix.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';

const schemes = {
  operatorKey: 'The operator key of the installation (PARLEY_OPERATOR_KEY).',
  apiKey: "A tenant's API key, for its server: `pak_...`.",
  userToken: 'A user token (JWT), for one person.',
} as const;

const path = '/openapi.json';

/** The description of all routes, made from the schemas that check them. */
export function addOpenApiRoute(app: OpenAPIHono<HttpEnv>, { config }: AppParts): void {
  for (const [name, description] of Object.entries(schemes)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, {
      type: 'http',
      scheme: 'bearer',
      description,
    });
  }
  app.openAPIRegistry.registerPath({
    method: 'get',
    path,
    operationId: 'getOpenApi',
    summary: 'This description',
    tags: ['Operation'],
    responses: {
      200: {
        description: 'OpenAPI 3.1.',
        content: { 'application/json': { schema: z.object({ openapi: z.string() }) } },
      },
      ...problems(),
    },
  });
  let text: string | undefined;
  app.get(path, (c) => {
    text ??= JSON.stringify(
      app.getOpenAPI31Document({
        openapi: '3.1.0',
        info: {
          title: 'Parley',
          version: '1',
          description:
            'Real-time messaging for many tenants. Errors are RFC 9457 problems with a `code`. ' +
            'What arrives by itself comes over the WebSocket at `/v1/ws`.',
          license: { name: 'MIT' },
        },
        servers: [{ url: prefixOf(config.publicUrl) || '/' }],
      }),
    );
    return c.body(text, 200, { 'Content-Type': 'application/json' });
  });
}
