import { expect, test } from 'vitest';
import { describeAddress, inDatabase } from './address.ts';

test('The address in words never holds the password', () => {
  const url = 'postgres://parley:hunter2@db.example:5433/chat?sslmode=require';
  expect(describeAddress({ kind: 'url', url })).toBe('the database at db.example:5433/chat');
});

test('Another database of the same server keeps everything else', () => {
  const url = 'postgres://parley:hunter2@db.example:5433/chat?sslmode=require';
  expect(inDatabase({ kind: 'url', url }, 'other one')).toEqual({
    kind: 'url',
    url: 'postgres://parley:hunter2@db.example:5433/other%20one?sslmode=require',
  });
});
