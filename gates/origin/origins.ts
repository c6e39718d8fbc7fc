/** A page's origin as a browser or somebody else sends it, and who it is. */
export interface OriginCase {
  readonly origin: string | readonly string[];
  /** Whose it is; nobody's is refused at every door. */
  readonly of: 'ourselves' | 'installation' | 'acme' | 'nobody';
}

/** `own` is the server's own origin, such as http://127.0.0.1:8080. */
export function originCases(own: string): OriginCase[] {
  const { port, hostname } = new URL(own);
  const nobody: (string | readonly string[])[] = [
    // What is like our own.
    `https://${hostname}:${port}`,
    `http://${hostname}`,
    `http://${hostname}:${Number(port) + 1}`,
    `http://${hostname}:0${port}`,
    `http://${hostname}:${port}/`,
    `http://${hostname}:${port}/app`,
    `http://${hostname}:${port}.evil.example`,
    `http://${hostname}.evil.example:${port}`,
    `http://evil.example/${hostname}:${port}`,
    `http://user@${hostname}:${port}`,
    `http://evil.example#${hostname}:${port}`,
    `http://evil.example?${hostname}:${port}`,
    `http://localhost:${port}`,
    `http://[::1]:${port}`,
    `http://[::ffff:127.0.0.1]:${port}`,
    `http://2130706433:${port}`,
    `http://127.1:${port}`,
    `ws://${hostname}:${port}`,
    `${hostname}:${port}`,
    `//${hostname}:${port}`,
    // What is like a listed one.
    'http://app.example',
    'https://app.example.evil.example',
    'https://evil-app.example',
    'https://evilapp.example',
    'https://app.example.',
    'https://app.example:443',
    'https://app.example:8443',
    'https://APP.example',
    'https://sub.app.example',
    'https://app.example/',
    'https://app.example/x',
    'https://app.example@evil.example',
    'https://evil.example/https://app.example',
    'https://app.example%2eevil.example',
    'https://app.example,https://evil.example',
    'https://app.example https://evil.example',
    'https://evil.example https://app.example',
    // A Cyrillic letter, as its bytes.
    Buffer.from('https://аpp.example').toString('latin1'),
    'https://xn--pp-6kc.example',
    ['https://app.example', 'https://evil.example'],
    ['https://evil.example', 'https://app.example'],
    // What is like a tenant's.
    'https://acme-chat.example.evil.example',
    'http://acme-chat.example',
    'https://x.acme-chat.example',
    // What is nobody's.
    'null',
    'NULL',
    '',
    '*',
    'undefined',
    'file://',
    'data:',
    'blob:https://app.example/1',
    'about:blank',
    'chrome-extension://abcdefghijklmnop',
    'moz-extension://0123',
    'capacitor://localhost',
    'ionic://localhost',
    'https://',
    'http://evil.example',
    'https://evil.example:443',
    'https://[::1',
    `https://${'a'.repeat(2_000)}.example`,
    "https://app.example' or '1'='1",
    'https://app.example"}',
    '["https://app.example"]',
    'https://%00.example',
    'javascript:alert(1)',
  ];
  return [
    { origin: own, of: 'ourselves' },
    { origin: 'https://app.example', of: 'installation' },
    { origin: 'https://other.example:8443', of: 'installation' },
    { origin: 'https://acme-chat.example', of: 'acme' },
    { origin: 'http://localhost:5173', of: 'acme' },
    ...nobody.map((origin) => ({ origin, of: 'nobody' as const })),
  ];
}
