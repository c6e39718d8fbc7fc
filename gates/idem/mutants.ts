import type { Mutant } from '../kit/mutant.ts';

const part = 'one node';
const statements = 'packages/server/src/messages/append-statements.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'window-of-30-s',
    bug: 'repeats are known for 30 seconds only',
    file: statements,
    find: 'as wanted (tenant_id, conversation_id, id, n)\n      join message using (tenant_id, conversation_id, id)`',
    replace:
      "as wanted (tenant_id, conversation_id, id, n)\n      join message using (tenant_id, conversation_id, id)\n      where message.created_at > now() - interval '30 seconds'`",
    part,
    failure: 'was answered with bad_request',
  },
  {
    id: 'stored-twice',
    bug: 'a repeat is stored again',
    file: statements,
    find: 'select tenant_id, conversation_id, seq, id, sender_id,',
    replace: 'select tenant_id, conversation_id, seq, gen_random_uuid(), sender_id,',
    part,
    failure: 'lost: ',
  },
  {
    id: 'other-words-pass',
    bug: 'other words under a known id are acknowledged',
    file: 'packages/server/src/messages/append-plan.ts',
    find: "if (!content_hash.equals(hash)) return refused('id_reused');",
    replace: '',
    part,
    failure: 'acknowledged with other words',
  },
  {
    id: 'new-again',
    bug: 'a repeat over HTTP is told to be new',
    file: 'packages/server/src/http/messages.ts',
    find: 'repeated ? 200 : 201',
    replace: 'repeated ? 201 : 201',
    part,
    failure: 'with 201 again',
  },
];
