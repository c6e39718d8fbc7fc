import { closeCodes, limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { bounds } from '../src/limits/bounds.ts';
import { RawLine, rawFrame, upgradeRequest } from '../src/testing/raw-line.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const text = 0x1;
const more = 0x0;
const ping = 0x9;

async function rawSocket(): Promise<RawLine> {
  const line = await RawLine.open(server.url);
  onTestFinished(() => line.end());
  await line.upgrade();
  expect(line.answer().status).toBe(101);
  return line;
}

/** Writes a little again and again, until the other side has had enough. */
function drip(line: RawLine, everyMs: number, next: () => string | Buffer): void {
  const timer = setInterval(() => line.write(next()), everyMs);
  void line.closed.then(() => clearInterval(timer));
}

describe('[LI22] whoever has not said who they are is gone after five seconds', () => {
  /** Five, the beat at which it is looked, and a busy machine. */
  const longestMs = limits.helloMs + 2_500;

  it.concurrent.each<[string, (line: RawLine) => unknown]>([
    ['who says nothing', () => {}],
    ['half a request', (line) => line.write('GET /v1/ws HTTP/1.1\r\nHost: x\r\nUpgr')],
    [
      'a header a little at a time',
      (line) => {
        line.write('GET /healthz HTTP/1.1\r\nHost: x\r\n');
        drip(line, 100, () => 'X-More: 1\r\n');
      },
    ],
    ['empty lines', (line) => drip(line, 100, () => '\r\n')],
    ['an upgrade and nothing more', (line) => line.upgrade()],
    [
      'an upgrade that comes late',
      async (line) => {
        line.write(upgradeRequest().slice(0, 30));
        await new Promise((resolve) => setTimeout(resolve, 3_500));
        line.write(upgradeRequest().slice(30));
      },
    ],
    [
      'pings',
      async (line) => {
        await line.upgrade();
        drip(line, 200, () => rawFrame(ping, Buffer.alloc(0)));
      },
    ],
    [
      'a frame without end',
      async (line) => {
        await line.upgrade();
        line.write(rawFrame(text, Buffer.from('{'), false));
        drip(line, 200, () => rawFrame(more, Buffer.from(' '), false));
      },
    ],
  ])('%s', async (_, act) => {
    const line = await RawLine.open(server.url);
    await act(line);
    expect(await line.closed).toBeLessThan(longestMs);
    line.end();
  });
});

describe('[LI21] before its hello is answered a connection may send little', () => {
  const part = Buffer.alloc(1_024, 0x20);
  const tooMuch = Math.ceil(limits.helloBytes / part.length) + 1;

  it.each<[string, (line: RawLine) => void]>([
    [
      'one frame that is too long',
      (line) => line.write(rawFrame(text, Buffer.alloc(limits.helloBytes, 0x20))),
    ],
    [
      'the beginning of one',
      (line) => line.write(rawFrame(text, Buffer.alloc(limits.helloBytes), true, 60_000)),
    ],
    [
      'many parts of one',
      (line) => {
        line.write(rawFrame(text, part, false));
        for (let n = 0; n < tooMuch; n++) line.write(rawFrame(more, part, false));
      },
    ],
    [
      'pings',
      (line) => {
        for (let n = 0; n < 100; n++) line.write(rawFrame(ping, Buffer.alloc(120)));
      },
    ],
  ])('%s ends it with 1009', async (_, act) => {
    const line = await rawSocket();
    act(line);
    await line.closed;
    expect(line.closeCode()).toBe(1009);
  });

  it('frames that are no hello end it with 4029', async () => {
    const socket = await TestSocket.open(server.socketUrl);
    const replies: unknown[] = [];
    for (let n = 0; n < bounds.framesBeforeHello + 5; n++) {
      void socket.reply({ type: 'ping' }).then((reply) => replies.push(reply.error?.code));
    }
    expect((await socket.closed).code).toBe(closeCodes.flooding.code);
    expect(replies.filter((code) => code === 'hello_first').length).toBeGreaterThan(
      bounds.framesBeforeHello - 5,
    );
  });

  it('one hello is answered at a time, and the largest token has room', async () => {
    const tenant = await server.tenant(['ann']);
    const token = await tenant.token('ann');
    const socket = await TestSocket.open(server.socketUrl);
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => socket.reply({ type: 'hello', token })),
    );
    expect(answers.map(({ error }) => error?.code)).toEqual([
      undefined,
      'bad_request',
      'bad_request',
    ]);
    await socket.settled();
    await socket.close();
    const large = await TestSocket.open(server.socketUrl);
    const refused = await large.reply({ type: 'hello', token: 'x'.repeat(limits.tokenBytes) });
    expect(refused.error?.code).toBe('unauthorized');
    expect((await large.closed).code).toBe(closeCodes.unauthorized.code);
  });

  it('afterwards it may send as much as it likes', async () => {
    const tenant = await server.tenant(['ann']);
    const ann = await tenant.connect('ann');
    const pad = 'x'.repeat(60_000);
    for (let n = 0; n < 5; n++) expect((await ann.reply({ type: 'ping', pad })).result).toEqual({});
    await ann.close();
  });
});

it('[LI22] a close that is not answered is not waited for', async () => {
  const line = await rawSocket();
  const before = performance.now();
  line.write(rawFrame(0x2, Buffer.from('binary')));
  await line.closed;
  expect(line.closeCode()).toBe(closeCodes.protocolError.code);
  expect(performance.now() - before).toBeLessThan(2_000);
});

it('[LI20] places come back, also of those who never said a word', async () => {
  const tenant = await server.tenant(['ann']);
  for (let round = 0; round < 20; round++) {
    const lines = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const line = await RawLine.open(server.url);
        if (round % 2 === 0) await line.upgrade();
        return line;
      }),
    );
    for (const line of lines) line.end();
    await Promise.all(lines.map(({ closed }) => closed));
  }
  const ann = await tenant.connect('ann');
  await ann.close();
});
