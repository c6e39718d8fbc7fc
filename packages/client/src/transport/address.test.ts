import { ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { socketAddress } from './address.ts';

describe('the address of the socket', () => {
  it.each([
    ['https://chat.example.com', 'wss://chat.example.com/v1/ws'],
    ['http://localhost:8080/', 'ws://localhost:8080/v1/ws'],
    ['wss://example.com/parley/', 'wss://example.com/parley/v1/ws'],
    ['HTTPS://example.com/a/b?x=1#y', 'wss://example.com/a/b/v1/ws'],
  ])('[CL12] is made of %s', (url, address) => {
    expect(socketAddress(url).toLowerCase()).toBe(address);
  });

  it.each(['', 'example.com', '/relative', 'ftp://example.com', 'https://'])(
    '[CL12] is refused for "%s"',
    (url) => {
      expect(() => socketAddress(url)).toThrow(ParleyError);
    },
  );
});
