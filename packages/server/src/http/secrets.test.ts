import { newId } from '@parley/protocol';
import { expect, test } from 'vitest';
import { parseApiKey } from '../tenants/api-key.ts';
import { createTestApp, field, operatorKey } from './testing/test-app.ts';

test('[AU60] No key, secret, token or message body is ever logged or told in an error', async () => {
  await using server = await createTestApp();
  const body = { id: 'acme', name: 'Acme' };
  const made = await server.call('POST', '/v1/tenants', { bearer: operatorKey, body });
  const apiKey = String(field(made.body, 'api_key'));
  const call = { bearer: apiKey, body: {} };
  const minted = await server.call('POST', '/v1/users/alice/tokens', call);
  const token = String(field(minted.body, 'token'));
  const text = 'a-body-nobody-else-should-read';
  const canaries = [
    operatorKey,
    parseApiKey(apiKey)?.secret ?? '',
    String(field(made.body, 'signing_secret')),
    token.split('.')[2] ?? '',
    text,
  ];
  expect(canaries.every((canary) => canary.length > 20)).toBe(true);

  const answers: string[] = [];
  const id = newId();
  for (const bearer of [operatorKey, apiKey, token, `${token}x`, `${apiKey}x`]) {
    for (const [method, path, sent] of [
      ['POST', '/v1/tenants', body],
      ['PUT', '/v1/users/alice', { name: text, locale: text }],
      ['POST', '/v1/users/alice/tokens', { expires_in: text }],
      ['GET', '/v1/conversations', undefined],
      ['POST', '/v1/conversations', { kind: text, members: [text] }],
      ['POST', '/v1/conversations', { kind: 'group', members: [text] }],
      ['GET', `/v1/conversations/${id}/messages`, undefined],
      ['POST', `/v1/conversations/${id}/messages`, { id: newId(), body: text }],
      ['POST', `/v1/conversations/${id}/messages`, `{"body":"${text}`],
      ['GET', '/metrics', undefined],
      ['DELETE', '/v1/tenants', undefined],
    ] as const) {
      const answer = await server.call(method, path, {
        bearer,
        ...(sent === undefined ? {} : { body: sent }),
      });
      if (answer.status >= 400) answers.push(answer.text);
    }
  }
  await server.parts.db.close();
  await server.call('GET', '/v1/conversations', { bearer: token });

  const logged = server.logged();
  expect(answers.length).toBeGreaterThan(30);
  expect(logged).toContain('request refused');
  expect(logged).toContain('request failed');
  for (const canary of canaries) {
    expect(logged).not.toContain(canary);
    expect(answers.join()).not.toContain(canary);
  }
});
