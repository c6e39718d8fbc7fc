import { ParleyError } from '@parley/protocol';
import type { Context, MiddlewareHandler } from 'hono';
import { answerInTime } from '../limits/answer-in-time.ts';
import { patience } from '../limits/patience.ts';
import type { Operation } from '../policy/operation-policy.ts';
import type { AppParts, HttpEnv } from './parts.ts';

/** Counts what has a limit of its own. Throws `rate_limited`. */
export function counted(
  { doors }: AppParts,
  name: Operation,
): MiddlewareHandler<HttpEnv> | undefined {
  const { limits } = doors;
  if (name === 'demoSignIn') {
    return async function countSignIn(c, next) {
      await limits.spend('addressSignIns', c.get('address'));
      await next();
    };
  }
  if (name !== 'sendMessage') return undefined;
  return async function countSend(c, next) {
    const { tenant, user } = c.get('ctx').scope;
    await limits.spend('personSends', `${tenant} ${user}`);
    await limits.spend('tenantSends', tenant);
    await next();
  };
}

/** Sends have a queue of their own; these wait for the network in the middle, and take turns themselves. */
const outOfTurn: ReadonlySet<Operation> = new Set([
  'sendMessage',
  'createKeySource',
  'readKeySource',
]);

/** Waits for the tenant's turn at the database. */
export function inTurn({ doors }: AppParts, name: Operation): MiddlewareHandler<HttpEnv> {
  return async function takeTurn(c, next) {
    if (outOfTurn.has(name)) {
      await next();
      return;
    }
    const tenant = tenantOf(c);
    const work = tenant === undefined ? next() : doors.turns.take(tenant, next);
    await answerInTime(work, patience.answerMs - c.get('guardMs'));
  };
}

/**
 * Refuses a page that is not one of this tenant's: one that only some tenant lists speaks for that
 * tenant alone. Throws `origin_refused`.
 */
export async function requireOwnPage(
  { doors }: AppParts,
  c: Context<HttpEnv>,
  tenant: string,
): Promise<void> {
  if (await doors.origins.serves(c.get('origin'), tenant)) return;
  throw new ParleyError('origin_refused');
}

/** The tenant for which a request is made, once the guard knows it. */
function tenantOf({ var: known }: Context<HttpEnv>): string | undefined {
  const { ctx, tenant }: Partial<HttpEnv['Variables']> = known;
  return ctx?.scope.tenant ?? tenant;
}
