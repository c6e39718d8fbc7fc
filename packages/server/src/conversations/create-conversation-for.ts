import { ParleyError } from '@parley/protocol';
import type { Bus } from '../bus/bus.ts';
import type { Database } from '../db/database.ts';
import type { Scope } from '../scope.ts';
import { type Made, makeConversation, type NewConversation } from './make-conversation.ts';

interface Parts {
  readonly db: Database;
  readonly bus: Bus;
  readonly now: () => number;
}

/**
 * Makes a conversation in a person's name, on behalf of the host product.
 *
 * So a host connects people whatever the directory shows them, and guests as well; who blocks whom
 * counts as ever. The answer has no word of what was said. Throws `not_found` when the person or anybody named does not exist, otherwise as
 * `createConversation`.
 */
export async function createConversationFor(
  { db, bus, now }: Parts,
  scope: Scope,
  input: NewConversation,
): Promise<Made> {
  const made = await makeConversation(
    { scope, db: db.of(scope.tenant), bus, now },
    input,
    async (trx) => {
      const person = await trx
        .selectFrom('app_user')
        .select('id')
        .where('tenant_id', '=', scope.tenant)
        .where('id', '=', scope.user)
        .where('deactivated_at', 'is', null)
        .executeTakeFirst();
      if (person === undefined) throw new ParleyError('not_found');
      return 'everybody';
    },
  );
  // It may have been there before: who may connect people may not therefore read what they say.
  return { ...made, conversation: { ...made.conversation, last_message: null } };
}
