import { describe, expect, it } from 'vitest';
import { parseAddresses } from '../config/config-values.ts';
import { ClientAddresses, countedAs } from './client-address.ts';

const addresses = new ClientAddresses(parseAddresses('10.0.0.0/8, 192.0.2.7, 2001:db8:aa::/48'));

describe('the address of a client', () => {
  it.each([
    // Nobody in between.
    ['203.0.113.9', undefined, '203.0.113.9'],
    ['::ffff:203.0.113.9', undefined, '203.0.113.9'],
    ['::FFFF:cb00:7109', undefined, '203.0.113.9'],
    ['fe80::1%eth0', undefined, 'fe80::1'],
    ['2001:DB8::1', undefined, '2001:db8::1'],
    [undefined, undefined, 'unknown'],
    // Who is no trusted proxy is believed nothing.
    ['203.0.113.9', '198.51.100.1', '203.0.113.9'],
    ['127.0.0.1', '198.51.100.1', '127.0.0.1'],
    ['2001:db8:ab::1', '198.51.100.1', '2001:db8:ab::1'],
    // A trusted one is believed about its own client, and no further.
    ['10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['::ffff:10.0.0.1', '198.51.100.1', '198.51.100.1'],
    ['2001:db8:aa::1', '2001:db8:bb::1', '2001:db8:bb::1'],
    ['10.0.0.1', '1.1.1.1, 198.51.100.1', '198.51.100.1'],
    ['10.0.0.1', '127.0.0.1,10.9.9.9, 198.51.100.1 ,192.0.2.7', '198.51.100.1'],
    ['10.0.0.1', '198.51.100.1:4711', '198.51.100.1'],
    ['10.0.0.1', '[2001:db8:bb::1]:443', '2001:db8:bb::1'],
    ['10.0.0.1', '::ffff:198.51.100.1', '198.51.100.1'],
    // Nothing but trusted ones: the one furthest out.
    ['10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    // What is no address ends the chain at whoever sent it.
    ['10.0.0.1', '', '10.0.0.1'],
    ['10.0.0.1', 'unknown', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1, _hidden, 10.0.0.2', '10.0.0.2'],
    ['10.0.0.1', '198.51.100.1, 10.0.0.256', '10.0.0.1'],
    ['10.0.0.1', '010.0.0.1', '10.0.0.1'],
    ['10.0.0.1', '2130706433', '10.0.0.1'],
    ['10.0.0.1', '198.51.100.1,', '10.0.0.1'],
    ['10.0.0.1', `198.51.100.1, ${'10.0.0.2, '.repeat(40)}10.0.0.3`, '10.0.0.2'],
  ])('[LI30] of %s with %s is %s', (peer, forwardedFor, expected) => {
    expect(addresses.of({ peer, forwardedFor })).toBe(expected);
  });

  it.each([
    ['203.0.113.9', '203.0.113.9'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::', '2001:db8:1:2::/64'],
    ['2001:0db8:0001:0002:ffff::1', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['64:ff9b::203.0.113.9', '64:ff9b:0:0::/64'],
    ['unknown', 'unknown'],
  ])('[LI31] %s counts as %s', (address, expected) => {
    expect(countedAs(address)).toBe(expected);
  });
});
