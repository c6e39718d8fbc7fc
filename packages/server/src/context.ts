import type { Bus } from './bus/bus.ts';
import type { TenantDatabase } from './db/database.ts';
import type { Append } from './messages/append.ts';
import type { Scope, Session } from './scope.ts';

/** What an action works with, apart from its input. */
export interface Context {
  readonly scope: Scope;
  readonly session: Session;
  /** The rows of the scope's tenant. */
  readonly db: TenantDatabase;
  readonly bus: Bus;
  readonly append: Append;
  /** The clock, in milliseconds; for display and expiry only, never for order. */
  readonly now: () => number;
}
