import type { Mutant } from '../kit/mutant.ts';

const server = 'packages/server/src';

/** Bugs that `authz-matrix` finds. */
export const mutants: readonly Mutant[] = [
  {
    id: 'removed-acts',
    bug: 'who was removed may still change the conversation',
    file: `${server}/conversations/change-conversation.ts`,
    find: ".where('member.left_at', 'is', null)",
    replace: '',
    part: 'sockets-all',
    failure: 'by removed',
  },
  {
    id: 'no-roles',
    bug: 'members may do what admins may',
    file: `${server}/conversations/change-conversation.ts`,
    find: 'authorizePlace(act, standing);',
    replace: '',
    part: 'sockets-all',
    failure: 'instead of not_allowed',
  },
  {
    id: 'oracle',
    bug: 'what is not theirs is refused otherwise than what is not there',
    file: `${server}/conversations/change-conversation.ts`,
    find: "if (head === undefined || own === undefined) throw new ParleyError('not_found');",
    replace: `if (head === undefined) throw new ParleyError('not_found');
  if (own === undefined) throw new ParleyError('not_found', { field: 'conversation' });`,
    part: 'sockets-all',
    failure: 'differs from what does not exist',
  },
  {
    id: 'raise-oneself',
    bug: 'who administers the tenant makes themselves owner of a group',
    file: `${server}/policy/role-change.ts`,
    find: 'if (oneself && !reaches(target.role, role)) {',
    replace: 'if (oneself && target.role === role) {',
    part: 'sockets-all',
    failure: 'member.update by tenantAdmin: tara to',
  },
  {
    id: 'open-directory',
    bug: 'people are found whom the directory does not show',
    file: `${server}/users/directory.ts`,
    find: `    case 'shared':
      return sharesConversation;`,
    replace: `    case 'shared':
      return sql<boolean>\`true\`;`,
    part: 'sockets-shared',
    failure: 'ok instead of not_found',
  },
  {
    id: 'foreign-history',
    bug: 'history is read without being a member',
    file: `${server}/messages/list-messages.ts`,
    find: ".on('member.user_id', '=', ctx.scope.user)",
    replace: '',
    part: 'sockets-all',
    failure: 'message.list by',
  },
  {
    id: 'blocked-is-read',
    bug: 'history shows what a blocked person wrote',
    file: `${server}/messages/message-row.ts`,
    find: 'if (row.hidden) return',
    replace: 'if (row.hidden && row.seq < 0) return',
    part: 'sockets-all',
    failure: 'owner has got a text of a blocked person',
  },
  {
    id: 'scopeless-keys',
    bug: 'an API key does more than its scopes',
    file: `${server}/tenants/api-keys.ts`,
    find: "return scopes.includes('all') || scopes.includes(scope);",
    replace: 'return scopes.length > 0 || scope.length > 0;',
    part: 'http',
    failure: 'instead of 403',
  },
  {
    id: 'suspended-keys',
    bug: "a suspended tenant's keys go on",
    file: `${server}/tenants/api-keys.ts`,
    find: 'const { expires_at, suspended_at, scopes } = row;',
    replace: 'const { expires_at, scopes } = row;\n    const suspended_at: Date | null = null;',
    part: 'http',
    failure: 'by a key of a suspended tenant',
  },
];
