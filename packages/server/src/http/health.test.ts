import { expect, test } from 'vitest';
import { createTestApp } from './testing/test-app.ts';

test('[AU40] /healthz answers while the process lives, also in a drain', async () => {
  await using server = await createTestApp({ ready: () => false });
  const answer = await server.call('GET', '/healthz');
  expect(answer.status).toBe(200);
  expect(answer.body).toEqual({ status: 'ok' });
});

test('[AU40] /readyz turns to 503 for a drain, and says when to ask again', async () => {
  let ready = true;
  await using server = await createTestApp({ ready: () => ready });
  expect((await server.call('GET', '/readyz')).status).toBe(200);
  ready = false;
  const answer = await server.call('GET', '/readyz');
  expect(answer.status).toBe(503);
  expect(answer.headers.get('Retry-After')).toBe('1');
  expect(answer.body).toMatchObject({
    code: 'unavailable',
    retryable: true,
    retry_after_ms: 1_000,
  });
});

test('[AU40] /readyz turns to 503 when the database does not answer', async () => {
  await using server = await createTestApp();
  await server.parts.db.close();
  const answer = await server.call('GET', '/readyz');
  expect(answer.status).toBe(503);
  expect(answer.body).toMatchObject({ code: 'unavailable' });
  expect((await server.call('GET', '/healthz')).status).toBe(200);
});
