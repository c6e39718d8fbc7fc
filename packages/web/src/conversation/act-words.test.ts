import type { SystemAct } from '@parley/protocol';
import { expect, test } from 'vitest';
import { said } from '../testing/said.ts';
import { actWords, peopleIn } from './act-words.ts';

const nameOf = (id: string) => `${id[0]?.toUpperCase()}${id.slice(1)}`;

test.each([
  ['owner', 'You made Ann an owner'],
  ['admin', 'You made Ann an admin'],
  ['member', 'You made Ann a plain member'],
] as const)('[PG23] a change of role is told in words: %s', (role, told) => {
  const message = said(1, 'me', '2026-11-20T10:00:00', {
    kind: 'system',
    body: '',
    act: { type: 'role_changed', user: 'ann', role },
  });
  expect(actWords(message, 'me', nameOf)).toBe(told);
  expect(peopleIn(message)).toEqual(['me', 'ann']);
});

test('[PG23] I am you, at the beginning and within', () => {
  const at = '2026-11-20T10:00:00';
  const told = (sender: string, act: SystemAct) =>
    actWords(said(1, sender, at, { kind: 'system', body: '', act }), 'me', nameOf);
  expect(told('ann', { type: 'role_changed', user: 'me', role: 'admin' })).toBe(
    'Ann made you an admin',
  );
  expect(told('ann', { type: 'members_added', users: ['me', 'bob'] })).toBe(
    'Ann added you and Bob',
  );
  expect(told('me', { type: 'role_changed', user: 'me', role: 'admin' })).toBe(
    'You made yourself an admin',
  );
  expect(told('me', { type: 'member_left' })).toBe('You left');
});
