import { type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { Histogram, type Registry } from 'prom-client';
import { operation } from './operation.ts';
import type { AppParts, HttpEnv } from './parts.ts';
import { problems } from './problem.ts';

/** Measures answers by route pattern, never by address: ids are no labels. */
export function measureRequests(registry: Registry): MiddlewareHandler<HttpEnv> {
  const seconds = new Histogram({
    name: 'parley_http_request_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  return async function measureRequest(c, next) {
    const stop = seconds.startTimer();
    await next();
    stop({ method: knownMethod(c.req.method), route: routeOf(c), status: c.res.status });
  };
}

/** Prometheus text, for a scraper on this machine or with the operator key. */
export function addMetricsRoute(app: OpenAPIHono<HttpEnv>, parts: AppParts): void {
  const { metrics } = parts;
  const get = operation(parts, 'getMetrics', {
    method: 'get',
    path: '/metrics',
    summary: 'Figures for Prometheus; from this machine, or with the operator key',
    tags: ['Operation'],
    responses: {
      200: {
        description: 'Prometheus text.',
        content: { 'text/plain': { schema: z.string() } },
      },
      ...problems('unauthorized'),
    },
  });
  app.openapi(get, async (c) => {
    return c.text(await metrics.metrics(), 200, { 'Content-Type': metrics.contentType });
  });
}

function routeOf(c: Context<HttpEnv>): string {
  return matchedRoutes(c).find((route) => route.method !== 'ALL')?.path ?? 'none';
}

function knownMethod(method: string): string {
  return ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].includes(method)
    ? method
    : 'other';
}
