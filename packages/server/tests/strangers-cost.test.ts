import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { upgradeRequest } from '../src/testing/raw-line.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

const program = fileURLToPath(new URL('../src/testing/open-lines.ts', import.meta.url));
const lines = 1_500;

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

/** Memory in use, what could be collected aside. */
async function inUse(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    if (typeof collect === 'function') collect();
    await new Promise(setImmediate);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function connections(): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return Number(/^parley_connections (\d+)$/m.exec(text)?.[1]);
}

async function whileOpen<T>(look: () => Promise<T>): Promise<T> {
  const { port } = new URL(server.url);
  const hex = Buffer.from(upgradeRequest()).toString('hex');
  // Theirs is another process's memory.
  const child = fork(program, [port, String(lines), hex], { execArgv: [] });
  try {
    await once(child, 'message');
    return await look();
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
    while ((await connections()) > 0) await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

it('[LI23] a socket before its hello costs little, and all of it comes back', async () => {
  const measure = async () => ({ bytes: await inUse(), count: await connections() });
  await whileOpen(measure);
  const before = await inUse();
  const open = await whileOpen(measure);
  // On a slow machine the first ones have had their five seconds by now.
  expect(open.count).toBeGreaterThan(100);
  const perSocket = (open.bytes - before) / open.count;
  expect(perSocket).toBeGreaterThan(1_000);
  expect(perSocket).toBeLessThan(10 * 1_024);
  const left = ((await inUse()) - before) / lines;
  expect(left).toBeLessThan(512);
});
