import { expect, test } from 'vitest';
import { memberActs, ownActs } from './member-acts.ts';

const may = (...acts: readonly string[]) => ({ can: (act: string) => acts.includes(act) });

test('[PG22] a menu offers what one may, by what the other is', () => {
  const owner = may('promote', 'remove');
  expect(memberActs({ id: 'a', role: 'member' }, false, owner)).toEqual([
    'makeAdmin',
    'makeOwner',
    'block',
    'remove',
  ]);
  expect(memberActs({ id: 'a', role: 'admin' }, true, owner)).toEqual([
    'makeOwner',
    'unmakeAdmin',
    'unblock',
    'remove',
  ]);
  expect(memberActs({ id: 'a', role: 'owner' }, false, owner)).toEqual([
    'unmakeOwner',
    'block',
    'remove',
  ]);
  expect(memberActs({ id: 'a', role: 'member' }, false, may('remove'))).toEqual([
    'block',
    'remove',
  ]);
  expect(memberActs({ id: 'a', role: 'admin' }, false, may())).toEqual(['block']);
});

test('[PG22] an owner beside others can step down', () => {
  expect(ownActs({ id: 'me', role: 'owner' }, may('promote'))).toEqual(['stepDown']);
  expect(ownActs({ id: 'me', role: 'owner' }, may())).toEqual([]);
  expect(ownActs({ id: 'me', role: 'admin' }, may('promote'))).toEqual([]);
});
