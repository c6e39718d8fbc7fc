import { createRoute, type RouteConfig } from '@hono/zod-openapi';
import { limits } from '@parley/protocol';
import { type Operation, operationPolicy } from '../policy/operation-policy.ts';
import type { Right } from '../policy/right.ts';
import { guard, stillAdmitted } from './guard.ts';
import { jsonBody } from './json-body.ts';
import type { AppParts } from './parts.ts';
import { counted, inTurn } from './within-limits.ts';

type Described<P extends string> = Omit<
  RouteConfig,
  'path' | 'operationId' | 'security' | 'middleware'
> & { readonly path: P };

/**
 * The route of an operation: guarded and documented by its row of the policy table, its body bounded.
 *
 * `emptyBody`: no body at all counts as `{}`. `maxBytes` of a body, when not as of a frame.
 */
export function operation<const P extends string, const R extends Described<P>>(
  parts: AppParts,
  name: Operation,
  route: R,
  options: { readonly emptyBody?: boolean; readonly maxBytes?: number } = {},
) {
  const authenticate = guard(parts, name);
  const { emptyBody = false, maxBytes = limits.frameBytes } = options;
  const isAnyones = operationPolicy[name].who === 'anyone';
  const bounded = jsonBody({
    emptyAllowed: emptyBody,
    maxBytes,
    ...(isAnyones ? { withinMs: limits.helloMs } : {}),
  });
  // The turn comes late: nobody waits for the body of somebody else's request.
  const middleware = [
    authenticate,
    counted(parts, name),
    route.request?.body === undefined ? undefined : bounded,
    inTurn(parts, name),
    stillAdmitted(parts, name),
  ];
  return createRoute({
    ...route,
    operationId: name,
    security: securityOf(operationPolicy[name]),
    middleware: middleware.filter((one) => one !== undefined),
  });
}

function securityOf(right: Right): Record<string, string[]>[] {
  switch (right.who) {
    case 'anyone':
      return [];
    case 'local or operator':
      return [{}, { operatorKey: [] }];
    case 'operator':
      return [{ operatorKey: [] }];
    case 'key':
      return [{ apiKey: [] }];
    case 'key or operator':
      return [{ apiKey: [] }, { operatorKey: [] }];
    case 'person':
      return [{ userToken: [] }];
  }
}
