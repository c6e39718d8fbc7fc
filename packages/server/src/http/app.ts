import { OpenAPIHono } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import { getPath } from 'hono/utils/url';
import { prefixOf, withoutPrefix } from '../path-prefix.ts';
import { addConversationRoutes } from './conversations.ts';
import { cors } from './cors.ts';
import { addDemoRoutes } from './demo.ts';
import { addHealthRoutes } from './health.ts';
import { addMessageRoutes } from './messages.ts';
import { addMetricsRoute, measureRequests } from './metrics.ts';
import { addOpenApiRoute } from './openapi.ts';
import { addPageRoutes } from './page.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problemResponse, shapeError, toParleyError } from './problem.ts';
import { readablePath } from './readable-path.ts';
import { requestId } from './request-id.ts';
import { securityHeaders } from './security-headers.ts';
import { addTenantRoutes } from './tenants.ts';
import { addUserRoutes } from './users.ts';

/**
 * The HTTP side of the server: `app.fetch` answers requests.
 *
 * Everything thrown becomes a problem here and nowhere else; what is not from the error table is
 * logged with its cause and answered as `internal`.
 */
export function createApp(parts: AppParts): OpenAPIHono<HttpEnv> {
  const { config, log } = parts;
  const prefix = prefixOf(config.publicUrl);
  const app = new OpenAPIHono<HttpEnv>({
    getPath: (request) => withoutPrefix(getPath(request), prefix),
    defaultHook: (result) => {
      if (!result.success) throw shapeError(result.error);
    },
  });

  app.use(requestId());
  app.use(measureRequests(parts.metrics));
  app.use(securityHeaders(config.publicUrl));
  app.use(cors(config.allowedOrigins));
  app.use(readablePath());

  addHealthRoutes(app, parts);
  addMetricsRoute(app, parts);
  addOpenApiRoute(app, parts);
  addTenantRoutes(app, parts);
  addUserRoutes(app, parts);
  addConversationRoutes(app, parts);
  addMessageRoutes(app, parts);
  addDemoRoutes(app, parts);
  addPageRoutes(app, parts);

  app.onError((error, c) => {
    const told = toParleyError(error);
    const about = { request_id: c.get('requestId'), method: c.req.method, code: told.code };
    if (told.code === 'internal') log.error({ ...about, err: error }, 'request failed');
    else if (told.code === 'unavailable') log.warn({ ...about, err: told }, 'request refused');
    else log.debug({ ...about, err: told }, 'request refused');
    return problemResponse(c, told);
  });

  const methodsAt = routedMethods(app);
  app.notFound((c) => {
    const methods = methodsAt(c.req.path);
    if (methods.length === 0) return problemResponse(c, noRoute());
    const answer = problemResponse(c, new ParleyError('method_not_allowed'));
    answer.headers.set('Allow', methods.join(', '));
    return answer;
  });
  return app;
}

function noRoute(): ParleyError {
  return new ParleyError('not_found', {
    message: 'There is nothing at this address. See /openapi.json for what there is.',
  });
}

/** Which methods the routes at a path answer: none means that there is no such path. */
function routedMethods(app: OpenAPIHono<HttpEnv>): (path: string) => string[] {
  const routes = app.routes
    .filter((route) => route.method !== 'ALL')
    .map(({ method, path }) => ({
      method,
      pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/:[a-z]+/g, '[^/]+')}$`),
    }));
  return (path) => {
    const methods = new Set<string>();
    for (const { method, pattern } of routes) {
      if (!pattern.test(path)) continue;
      methods.add(method);
      if (method === 'GET') methods.add('HEAD');
    }
    return [...methods];
  };
}
