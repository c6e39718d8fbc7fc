import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ConfigError, readConfig } from './config.ts';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'parley-config-'));
});

afterAll(() => rm(folder, { recursive: true }));

function problemsOf(variables: Record<string, string>): readonly string[] {
  try {
    readConfig(variables);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
}

test('[CF1] With no variable set everything has a default and nothing is warned of', () => {
  const { config, warnings } = readConfig({});
  expect(config).toMatchObject({
    port: 8080,
    host: '127.0.0.1',
    publicUrl: undefined,
    databaseUrl: undefined,
    redisUrl: undefined,
    dataDir: { path: './data', explicit: false },
    operatorKey: undefined,
    secretKey: undefined,
    demo: false,
    allowedOrigins: [],
    privateHosts: [],
    logLevel: 'info',
    rateScale: 1,
  });
  expect(config.trustedProxies.rules).toEqual([]);
  expect(warnings).toEqual([]);
});

test('[CF1] An empty variable counts as unset', () => {
  expect(readConfig({ PORT: '', PUBLIC_URL: ' ', PARLEY_DEMO: '' }).config.port).toBe(8080);
});

test('Every variable is read', () => {
  const { config } = readConfig({
    PORT: '0',
    HOST: '::1',
    PUBLIC_URL: 'https://example.com/chat/',
    DATABASE_URL: 'postgres://parley@db/parley',
    REDIS_URL: 'rediss://redis:6380',
    PARLEY_DATA_DIR: '/srv/parley',
    PARLEY_OPERATOR_KEY: 'a-long-operator-key',
    PARLEY_SECRET_KEY: 'a-long-secret-key-too',
    PARLEY_DEMO: 'true',
    ALLOWED_ORIGINS: 'https://app.example, http://localhost:5173',
    TRUSTED_PROXIES: '10.0.0.0/8, ::1',
    PARLEY_PRIVATE_HOSTS: 'Login.internal, 10.0.0.5:8443, [0:0::1]:80',
    LOG_LEVEL: 'DEBUG',
    PARLEY_RATE_SCALE: '0.5',
  });
  expect(config).toMatchObject({
    port: 0,
    host: '::1',
    publicUrl: 'https://example.com/chat',
    dataDir: { path: '/srv/parley', explicit: true },
    demo: true,
    allowedOrigins: ['https://app.example', 'http://localhost:5173'],
    privateHosts: ['login.internal:80', 'login.internal:443', '10.0.0.5:8443', '[::1]:80'],
    logLevel: 'debug',
    rateScale: 0.5,
  });
  expect(config.databaseUrl?.reveal()).toBe('postgres://parley@db/parley');
  expect(config.redisUrl?.reveal()).toBe('rediss://redis:6380');
  expect(config.operatorKey?.reveal()).toBe('a-long-operator-key');
  expect(config.secretKey?.reveal()).toBe('a-long-secret-key-too');
  expect(config.trustedProxies.check('10.1.2.3')).toBe(true);
  expect(config.trustedProxies.check('::ffff:10.1.2.3', 'ipv6')).toBe(true);
  expect(config.trustedProxies.check('::1', 'ipv6')).toBe(true);
  expect(config.trustedProxies.check('11.1.2.3')).toBe(false);
});

test.each([
  ['https://app.example/', 'https://app.example'],
  ['https://App.example', 'https://app.example'],
  ['HTTPS://app.example', 'https://app.example'],
  ['https://app.example:443', 'https://app.example'],
  ['http://localhost:05173', 'http://localhost:5173'],
  ['https://bücher.example', 'https://xn--bcher-kva.example'],
])('[CF11] The origin %s is refused with its one right spelling', (wrong, right) => {
  const [line, ...rest] = problemsOf({ ALLOWED_ORIGINS: `https://fine.example,${wrong}` });
  expect(line).toMatch(/^ALLOWED_ORIGINS should /);
  expect(line).toContain(`write "${right}" for "${wrong}"`);
  expect(rest).toEqual([]);
});

test.each([
  'https://user@app.example',
  'https://app.example/x',
  'https://app.example?',
  'https://a;b',
])('[CF11] No spelling is guessed for what is no origin: %s', (wrong) => {
  const [line] = problemsOf({ ALLOWED_ORIGINS: wrong });
  expect(line).toContain(`"${wrong}" is none`);
});

test('[CF12] Demo mode on an address that others reach is warned of', () => {
  const warningsOf = (host?: string, demo = '1') =>
    readConfig({ HOST: host, PARLEY_DEMO: demo }).warnings;
  for (const host of ['0.0.0.0', '::', '192.168.1.5', 'chat.example', 'localhost.example']) {
    expect(warningsOf(host), host).toEqual([
      expect.stringContaining(`PARLEY_DEMO=1 with HOST=${host}`),
    ]);
    expect(warningsOf(host, '0'), host).toEqual([]);
  }
  for (const host of [undefined, '127.0.0.1', '127.8.8.8', '::1', 'localhost', 'LOCALHOST']) {
    expect(warningsOf(host), String(host)).toEqual([]);
  }
});

test('[CF10] A private host counts with its port, or with both standard ones', () => {
  const of = (text: string) => readConfig({ PARLEY_PRIVATE_HOSTS: text }).config.privateHosts;
  expect(of('Login.internal')).toEqual(['login.internal:80', 'login.internal:443']);
  expect(of('login.internal:443, login.internal:80')).toEqual([
    'login.internal:443',
    'login.internal:80',
  ]);
  expect(of('[0:0::1]:8443,127.1:9')).toEqual(['[::1]:8443', '127.0.0.1:9']);
  expect(of(' , ')).toEqual([]);
});

test.each([
  ['PORT', ['http', '65536', '-1', '80.5', '1e3', '0x50']],
  ['HOST', ['localhost:80', 'a b', '-x', 'http://x']],
  ['PUBLIC_URL', ['chat.example', 'ftp://x', 'https://x/?a=1', 'https://u:p@x', 'https://x/#a']],
  ['DATABASE_URL', ['mysql://x/y', 'localhost', 'postgres//x']],
  ['REDIS_URL', ['http://x', 'redis', ',', 'redis:', 'redis://a,http://b', 'redis://a/x']],
  ['PARLEY_OPERATOR_KEY', ['with space inside', 'schlüssel', 'x'.repeat(1025)]],
  ['PARLEY_SECRET_KEY', ['a\u0000b']],
  ['PARLEY_DEMO', ['yes', '2']],
  ['ALLOWED_ORIGINS', ['*', 'app.example', 'https://app.example/path', 'null']],
  ['TRUSTED_PROXIES', ['10.0.0.0/33', '10.0.0', 'proxy', '::1/129', '10.0.0.0/8/8', '10.0.0.0/x']],
  [
    'PARLEY_PRIVATE_HOSTS',
    [
      'http://login.internal',
      'login.internal/jwks',
      'login.internal:0',
      'login.internal:99999',
      'login.internal:x',
      'user@login.internal',
      '::1',
      'a b',
      '256.1.1.1',
      '10.0.0.0/8',
    ],
  ],
  ['LOG_LEVEL', ['loud', 'toString']],
  ['PARLEY_RATE_SCALE', ['-1', 'off', '1e9', 'Infinity', 'NaN']],
])('[CF2] %s refuses what it does not take', (name, values) => {
  for (const value of values) {
    expect(problemsOf({ [name]: value }), value).toEqual([
      expect.stringMatching(new RegExp(`^${name} should `)),
    ]);
  }
});

test('[CF2] All that is wrong comes in one list, without any secret’s value', () => {
  const lines = problemsOf({
    PORT: 'http',
    DATABASE_URL: 'oracle://parley:hunter2@db/parley',
    PARLEY_OPERATOR_KEY: 'hunter2 hunter2',
    LOG_LEVEL: 'loud',
  });
  expect(lines).toHaveLength(4);
  expect(lines.join()).not.toContain('hunter2');
});

test('[CF3] A secret may come from a file', async () => {
  const file = join(folder, 'key');
  await writeFile(file, 'a-long-operator-key\n');
  const { config, warnings } = readConfig({ PARLEY_OPERATOR_KEY_FILE: file });
  expect(config.operatorKey?.reveal()).toBe('a-long-operator-key');
  expect(warnings).toEqual([]);
});

test('[CF3] A secret’s file that is absent, empty, wrong or one of two sources is an error', async () => {
  const file = join(folder, 'empty');
  await writeFile(file, '\n');
  const wrong = join(folder, 'wrong');
  await writeFile(wrong, 'oracle://parley:hunter2@db');
  expect(problemsOf({ DATABASE_URL_FILE: join(folder, 'none') })).toEqual([
    'DATABASE_URL_FILE names a file that cannot be read (ENOENT).',
  ]);
  expect(problemsOf({ PARLEY_SECRET_KEY_FILE: file })).toEqual([
    'PARLEY_SECRET_KEY_FILE names an empty file.',
  ]);
  expect(problemsOf({ DATABASE_URL_FILE: wrong })).toEqual([
    'The file of DATABASE_URL_FILE should be like postgres://user:password@host:5432/database.',
  ]);
  expect(problemsOf({ PARLEY_SECRET_KEY: 'x', PARLEY_SECRET_KEY_FILE: file })).toEqual([
    'PARLEY_SECRET_KEY and PARLEY_SECRET_KEY_FILE are both set: unset one.',
  ]);
});

test('[CF4] Unknown variables with our prefix are warned of, others are not', () => {
  expect(readConfig({ PARLEY_DATADIR: 'x', PARLAY: 'x', HOME: 'x' }).warnings).toEqual([
    expect.stringMatching(/^PARLEY_DATADIR is not known.*PARLEY_DATA_DIR/),
  ]);
});

test('[CF13] REDIS_URL may name several servers of one cluster', () => {
  const { config } = readConfig({ REDIS_URL: ' redis://a:1, rediss://:x@b:2/0 ,redis://[::1]:3' });
  expect(config.redisUrl?.reveal()).toBe('redis://a:1,rediss://:x@b:2/0,redis://[::1]:3');
});

test('Short keys are warned of', () => {
  const { warnings } = readConfig({ PARLEY_OPERATOR_KEY: 'short' });
  expect(warnings).toEqual([expect.stringContaining('PARLEY_OPERATOR_KEY is shorter than 16')]);
  expect(warnings.join()).not.toContain('short and');
});

test('[CF5] Secrets print masked, however the configuration is printed', () => {
  const { config } = readConfig({
    DATABASE_URL: 'postgres://parley:hunter2@db/parley',
    PARLEY_OPERATOR_KEY: 'hunter2-hunter2-hunter2',
  });
  const prints = [
    JSON.stringify(config),
    inspect(config, { depth: 9, showHidden: true }),
    `${config.databaseUrl}`,
    String(config.operatorKey),
  ];
  for (const print of prints) {
    expect(print).toContain('[secret]');
    expect(print).not.toContain('hunter2');
  }
});
