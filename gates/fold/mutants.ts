import type { Mutant } from '../kit/mutant.ts';

const part = 'every event';

export const mutants: readonly Mutant[] = [
  {
    id: 'name-not-folded',
    bug: 'the SDK takes a new name for no news',
    file: 'packages/client/src/conversation/fold.ts',
    find: '{ row: { ...row, ...event.changed }, incomplete: false }',
    replace: '{ row, incomplete: false }',
    part,
    failure: 'after conversation.updated: screen',
  },
  {
    id: 'edit-not-told',
    bug: 'a changed message is not told when a hole is read',
    file: 'packages/server/src/sync/changed-rows.ts',
    find: 'and message.version > message.created_version and message.version > wanted.version',
    replace: 'and false',
    part,
    failure: 'message.updated did not come',
  },
  {
    id: 'old-role-kept',
    bug: 'the SDK keeps a member’s row as it was',
    file: 'packages/client/src/conversation/members.ts',
    find: 'isNewer ? member : before',
    replace: 'before ?? member',
    part,
    failure: 'after member.updated: screen',
  },
];
