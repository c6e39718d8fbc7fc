import { DatabaseError } from 'pg';
import { expect, test } from 'vitest';
import { ConnectionLost, failureKind } from './failure.ts';

function answer(code: string): DatabaseError {
  const error = new DatabaseError('text', 4, 'error');
  error.code = code;
  return error;
}

test.each([
  ['57P01', 'unavailable'],
  ['53300', 'unavailable'],
  ['08006', 'unavailable'],
  ['55P03', 'contended'],
  ['40P01', 'contended'],
  ['57014', 'contended'],
  ['22021', 'data'],
  ['23505', 'data'],
  ['42703', 'defect'],
  ['25P02', 'defect'],
])('The answer %s of PostgreSQL counts as %s', (code, kind) => {
  expect(failureKind(answer(code))).toBe(kind);
});

test('Errors of the line count as unavailable, whoever reports them', () => {
  expect(failureKind(new ConnectionLost())).toBe('unavailable');
  expect(failureKind(new Error('Connection terminated unexpectedly'))).toBe('unavailable');
  expect(failureKind(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))).toBe('unavailable');
});

test('What is neither an answer nor the line is a defect', () => {
  expect(failureKind(new TypeError('x is not a function'))).toBe('defect');
  expect(failureKind('text')).toBe('defect');
});
