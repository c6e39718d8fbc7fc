import type { OpenAPIHono } from '@hono/zod-openapi';
import { prefixOf } from '../path-prefix.ts';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';

const schemes = {
  operatorKey: 'The operator key of the installation (PARLEY_OPERATOR_KEY).',
  apiKey: "A tenant's API key, for its server: `pak_...`.",
  userToken: 'A user token (JWT), for one person.',
} as const;

/** The description of all routes, made from the schemas that check them. */
export function addOpenApiRoute(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  for (const [name, description] of Object.entries(schemes)) {
    app.openAPIRegistry.registerComponent('securitySchemes', name, {
      type: 'http',
      scheme: 'bearer',
      description,
    });
  }
  const get = operation(parts, 'getOpenApi', {
    method: 'get',
    path: '/openapi.json',
    summary: 'This description',
    tags: ['Operation'],
    responses: {
      200: { description: 'OpenAPI 3.1, as JSON.' },
      ...problems(),
    },
  });
  let text: string | undefined;
  app.openapi(get, () => {
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
        servers: [{ url: prefixOf(parts.config.publicUrl) || '/' }],
      }),
    );
    return new Response(text, { headers: { 'Content-Type': 'application/json' } });
  });
}
