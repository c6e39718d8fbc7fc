import { OpenAPIHono } from '@hono/zod-openapi';
import { ParleyError } from '@parley/protocol';
import type { Context } from 'hono';
import { getPath } from 'hono/utils/url';
import { isGuess } from '../doors/is-guess.ts';
import { prefixOf, withoutPrefix } from '../path-prefix.ts';
import { addApiKeyRoutes } from './api-keys.ts';
import { arrival } from './arrival.ts';
import { addAuditRoutes } from './audit.ts';
import { addConversationRoutes } from './conversations.ts';
import { addDemoRoutes } from './demo.ts';
import { addHealthRoutes } from './health.ts';
import { addKeySourceRoutes } from './key-sources.ts';
import { addMessageRoutes } from './messages.ts';
import { addMetricsRoute, measureRequests } from './metrics.ts';
import { addOpenApiRoute } from './openapi.ts';
import { addPageRoutes } from './page.ts';
import { pageAccess } from './page-access.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problemResponse, shapeError, toParleyError } from './problem.ts';
import { readablePath } from './readable-path.ts';
import { requestId } from './request-id.ts';
import { securityHeaders } from './security-headers.ts';
import { addSigningKeyRoutes } from './signing-keys.ts';
import { addTenantRoutes } from './tenants.ts';
import { addUserConversationRoutes } from './user-conversations.ts';
import { withUserOfQuery } from './user-in-query.ts';
import { addUserRoutes } from './users.ts';
import { addUserAccessRoutes } from './users-access.ts';

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
    getPath: (request) => withUserOfQuery(withoutPrefix(getPath(request), prefix), request.url),
    defaultHook: (result) => {
      if (!result.success) throw shapeError(result.error);
    },
  });

  app.use(requestId());
  app.use(measureRequests(parts.metrics));
  app.use(securityHeaders(parts.doors.headers));
  app.use(arrival(parts));
  app.use('/v1/*', pageAccess(parts));
  app.use(readablePath());

  addHealthRoutes(app, parts);
  addMetricsRoute(app, parts);
  addOpenApiRoute(app, parts);
  addTenantRoutes(app, parts);
  addApiKeyRoutes(app, parts);
  addSigningKeyRoutes(app, parts);
  addKeySourceRoutes(app, parts);
  addAuditRoutes(app, parts);
  addUserRoutes(app, parts);
  addUserAccessRoutes(app, parts);
  addUserConversationRoutes(app, parts);
  addConversationRoutes(app, parts);
  addMessageRoutes(app, parts);
  addDemoRoutes(app, parts);
  addPageRoutes(app, parts);

  app.onError(async (error, c) => {
    const told = await asTold(parts, error, c);
    const about = {
      request_id: c.get('requestId'),
      method: c.req.method,
      code: told.code,
      address: c.get('address'),
    };
    if (told.code === 'internal') log.error({ ...about, err: error }, 'request failed');
    else if (told.code === 'unavailable') {
      parts.doors.trouble.warn({ ...about, err: told }, 'request refused');
    } else log.debug({ ...about, err: told }, 'request refused');
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

/** Who brings one bad key after another hears how long to wait; a good one is taken all the while. */
async function asTold(
  { doors }: AppParts,
  error: unknown,
  c: Context<HttpEnv>,
): Promise<ParleyError> {
  const given = c.req.header('Authorization') !== undefined;
  if (given && isGuess(error)) {
    const retryAfterMs = await doors.limits.take('addressFailures', c.get('address'));
    if (retryAfterMs > 0) return new ParleyError('rate_limited', { retryAfterMs, cause: error });
  }
  return toParleyError(error);
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
