import { describe, expect, it } from 'vitest';
import { Origins, type PageRequest } from './origins.ts';

const listed: Readonly<Record<string, readonly string[]>> = {
  acme: ['https://acme.test', 'https://app.acme.test:8443'],
  other: ['https://other.test'],
};

function originsOf(publicUrl?: string): Origins {
  return new Origins({
    publicUrl: publicUrl === undefined ? undefined : new URL(publicUrl),
    allowedOrigins: ['https://allowed.test'],
    someTenantLists: async (origin) => Object.values(listed).some((list) => list.includes(origin)),
    listedBy: async (tenant) => listed[tenant] ?? [],
    isTrustedProxy: (address) => address === '10.0.0.1',
  });
}

const request = (origin: string | undefined, more: Partial<PageRequest> = {}): PageRequest => ({
  origin,
  host: 'chat.test:8080',
  forwardedProto: undefined,
  peer: '203.0.113.9',
  ...more,
});

/** Origins that are nobody's; none may ever be let in. */
const foreign = [
  '',
  ' ',
  'null',
  'undefined',
  '*',
  'https://evil.test',
  'http://allowed.test',
  'https://allowed.test.',
  'https://allowed.test:443',
  'https://allowed.test:8443',
  'https://allowed.test/',
  'https://allowed.test/x',
  'https://allowed.test?x',
  'https://allowed.test#x',
  'https://ALLOWED.test',
  'HTTPS://allowed.test',
  'https://allowed.test.evil.test',
  'https://evil.test/https://allowed.test',
  'https://notallowed.test',
  'https://x.allowed.test',
  'https://allowed.tes',
  'https://allowed.testx',
  'https://allowed.test@evil.test',
  'https://evil.test@allowed.test',
  'https://evil@allowed.test',
  'https://allowed.test:@allowed.test',
  'https://allowed.test\\.evil.test',
  'https://allowed.test%2eevil.test',
  'https://allowed%2Etest',
  'https://allowed.test%00',
  'https://allowed.test\u0000',
  'https://allowed.test\t',
  ' https://allowed.test',
  'https:/allowed.test',
  'https:allowed.test',
  '//allowed.test',
  'allowed.test',
  'wss://allowed.test',
  'file://',
  'file:///etc/passwd',
  'data:text/html,x',
  'blob:https://allowed.test/x',
  'chrome-extension://abcdef',
  'javascript:1',
  'https://allowed.test, https://allowed.test',
  'https://allowed.test https://evil.test',
  'https://evil.test, https://allowed.test',
  'https://allowed.test,https://evil.test',
  'https://xn--llowed-8ve.test',
  'https://\u0430llowed.test',
  'https://allowed\u3002test',
  'https://127.0.0.1',
  'https://[::1]',
  'http://localhost',
  'http://localhost:8080',
  'https://chat.test:8080',
  'http://chat.test',
  'http://chat.test:8081',
  'http://chat.test:8080/',
  'http://chat.test:08080',
  'http://CHAT.test:8080',
  'http://chat.test.:8080',
  `https://${'a'.repeat(300)}.test`,
  'https://acme.test.',
  'https://acme.test:8443',
];

describe('origins', () => {
  it.each(foreign)('[OR1] refuses a page of %j', async (origin) => {
    expect(await originsOf().admit(request(origin))).toBeNull();
    expect(await originsOf('https://chat.example/x').admit(request(origin))).toBeNull();
  });

  it.each([
    ['http://chat.test:8080', {}],
    ['http://chat.test', { host: 'chat.test:80' }],
    ['http://chat.test', { host: 'CHAT.test' }],
    ['https://chat.test', { host: 'chat.test:443', forwardedProto: 'https', peer: '10.0.0.1' }],
    ['http://[2001:db8::1]:8080', { host: '[2001:db8::1]:8080' }],
    ['https://allowed.test', {}],
    ['https://allowed.test', { host: undefined }],
  ])('[OR1] lets our own pages and those of ALLOWED_ORIGINS in: %s', async (origin, more) => {
    expect(await originsOf().admit(request(origin, more))).toEqual({
      value: origin,
      trusted: true,
    });
  });

  it('[OR1] with PUBLIC_URL that alone is our own, whatever Host says', async () => {
    const origins = originsOf('https://chat.example/x');
    expect(await origins.admit(request('https://chat.example'))).toMatchObject({ trusted: true });
    expect(await origins.admit(request('http://chat.test:8080'))).toBeNull();
  });

  it('[OR1] the scheme is told by trusted proxies alone', async () => {
    const more = { host: 'chat.test', forwardedProto: 'https' };
    expect(await originsOf().admit(request('https://chat.test', more))).toBeNull();
    const proxied = { ...more, peer: '10.0.0.1' };
    expect(await originsOf().admit(request('http://chat.test', proxied))).toBeNull();
  });

  it('[OR1] no origin is no browser', async () => {
    expect(await originsOf().admit(request(undefined))).toBeUndefined();
  });

  it("[OR2] a tenant's pages speak for that tenant alone, ours for all", async () => {
    const origins = originsOf();
    for (const value of listed['acme'] ?? []) {
      const origin = await origins.admit(request(value));
      if (origin === null) throw new Error('It is listed.');
      expect(origin).toEqual({ value, trusted: false });
      expect(await origins.serves(origin, 'acme')).toBe(true);
      expect(await origins.serves(origin, 'other')).toBe(false);
      expect(await origins.serves(origin, 'nobody')).toBe(false);
    }
    const own = await origins.admit(request('http://chat.test:8080'));
    expect(own !== null && (await origins.serves(own, 'other'))).toBe(true);
    expect(await origins.serves(undefined, 'other')).toBe(true);
  });
});
