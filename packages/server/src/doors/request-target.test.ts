import { expect, it } from 'vitest';
import { hostFault, targetFault } from './request-target.ts';

it.each([
  '/..',
  '/.',
  '/v1/../metrics',
  '/v1/./users',
  '/v1/users/..',
  '/v1/users/../',
  '/v1/users/..?x=1',
  '/app/%2e%2e/metrics',
  '/app/%2E%2e/metrics',
  '/app/.%2e/metrics',
  '/app/%2e./metrics',
  '/app/%2e/metrics',
  '/app\\..\\metrics',
  '/app\\x',
  '..',
])('[OR20] an address that leads elsewhere is refused: %s', (target) => {
  expect(targetFault(target)).toBeTypeOf('string');
});

it.each([
  '/',
  '/v1/users/...',
  '/v1/users/.a',
  '/v1/users/a..',
  '/v1/users/a%2Fb',
  '/v1/users/a%2F..%2Fb',
  '/v1/users/%252e%252e',
  '/app/messages/?next=/../x',
  '/app/messages/?x=\\',
  'http://host/v1/users',
  '*',
  '//x//y',
])('[OR20] any other is taken as it is: %s', (target) => {
  expect(targetFault(target)).toBeUndefined();
});

it.each([
  '',
  '12..0.0.1',
  '127.999.0.1',
  'a b',
  'a/b',
  'a@b',
  'a:b',
  'a:99999',
  '[::1',
  '%41',
  'a,b',
])('[OR20] a Host that is none is refused: "%s"', (host) => {
  expect(hostFault(host)).toBeTypeOf('string');
});

it.each([
  'chat.example',
  'localhost:8080',
  '127.0.0.1:1',
  '[::1]:8080',
  'a_b.example',
  'CHAT.example.',
])('[OR20] any other Host is taken: %s', (host) => {
  expect(hostFault(host)).toBeUndefined();
});
