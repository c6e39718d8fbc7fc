import { newId } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { bounds } from '../src/limits/bounds.ts';
import { rates } from '../src/limits/rates.ts';
import { RawLine, upgradeRequest } from '../src/testing/raw-line.ts';
import { startTestServer } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

const codesOf = (replies: readonly { readonly error?: { readonly code: string } }[]) =>
  replies.map(({ error }) => error?.code);

describe('limits of sockets', () => {
  it("[LI5] a person's frames and requests are counted over all connections and HTTP", async () => {
    await using server = await startTestServer({ rateScale: 0.005 });
    const tenant = await server.tenant(['ann', 'bob']);
    const sockets = [await tenant.connect('ann'), await tenant.connect('ann')];
    for (const socket of sockets) {
      const pings = Array.from({ length: 10 }, () => socket.reply({ type: 'ping' }));
      expect(codesOf(await Promise.all(pings))).toEqual(Array(10).fill(undefined));
    }
    // Ten a connection, and twenty a person: a third one has nothing left.
    sockets.push(await tenant.connect('ann'));
    for (const socket of sockets) {
      expect((await socket.reply({ type: 'ping' })).error?.code).toBe('rate_limited');
    }
    const headers = { Authorization: `Bearer ${await tenant.token('ann')}` };
    const answer = await fetch(`${server.url}/v1/conversations`, { headers });
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(0);
    const bob = await tenant.connect('bob');
    await bob.settled();
  });

  it('[LI5] messages of a person, and of a tenant, whoever else goes on', async () => {
    await using server = await startTestServer({ rateScale: 0.002 });
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const other = await server.tenant(['dan']);
    const send = async (socket: TestSocket, conversation: string) =>
      (
        await socket.reply({
          type: 'message.send',
          conversation,
          message: { id: newId(), body: 'x' },
        })
      ).error?.code;
    const ann = await tenant.connect('ann');
    const { conversation } = await ann.ask('conversation.create', {
      kind: 'group',
      members: ['bob', 'cy'],
    });
    // Four a person in ten seconds, which are also four a connection: each from another line.
    const codes: (string | undefined)[] = [];
    for (let n = 0; n < 5; n++) {
      codes.push(await send(await tenant.connect('ann'), conversation.id));
    }
    expect(codes).toEqual([undefined, undefined, undefined, undefined, 'rate_limited']);
    expect(await send(await tenant.connect('bob'), conversation.id)).toBeUndefined();
    const dan = await other.connect('dan');
    expect(await send(dan, conversation.id)).toBe('not_found');
  });

  it('[LI5] sockets that one address asks for, counted behind trusted proxies', async () => {
    await using server = await startTestServer({ rateScale: 0.001, trustedProxies: '127.0.0.1' });
    const { allowed } = rates.addressSockets;
    const ask = async (forwarded: string) => {
      const line = await RawLine.open(server.url);
      line.write(upgradeRequest(`X-Forwarded-For: ${forwarded}\r\n`));
      await line.has('\r\n\r\n');
      line.end();
      return line.answer();
    };
    for (let n = 0; n < allowed * 0.001; n++) {
      expect((await ask(`203.0.113.${n}, 198.51.100.1`)).status).toBe(101);
    }
    const refused = await ask('198.51.100.1');
    expect(refused.status).toBe(429);
    expect(JSON.parse(refused.body)).toMatchObject({ code: 'rate_limited' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await ask('198.51.100.1, 198.51.100.2')).status).toBe(101);
  });

  it('[LI6] bad tokens of one address are too many after some; a good one is taken', async () => {
    await using server = await startTestServer({ rateScale: 1 });
    const tenant = await server.tenant(['ann']);
    const good = await tenant.token('ann');
    const hello = async (token: string) => {
      const socket = await TestSocket.open(server.socketUrl);
      const { error } = await socket.reply({ type: 'hello', token });
      void socket.closed;
      socket.terminate();
      return error;
    };
    for (let n = 0; n < rates.addressFailures.allowed; n++) {
      const wrong = n % 2 === 0 ? 'x' : `${good.slice(0, -6)}AAAAAA`;
      expect((await hello(wrong))?.code, String(n)).toBe('unauthorized');
    }
    const refused = await hello(`${good.slice(0, -6)}BBBBBB`);
    expect(refused).toMatchObject({ code: 'rate_limited', retryable: true });
    expect(refused?.retry_after_ms).toBeGreaterThan(0);
    expect(await hello(good)).toBeUndefined();
    const ann = await tenant.connect('ann');
    expect((await ann.reply({ type: 'token.refresh', token: 'x' })).error?.code).toBe(
      'rate_limited',
    );
    await ann.close();
  });

  it('[LI7] a connection that floods on is read less and less, and others are not held up', async () => {
    await using server = await startTestServer({ rateScale: 0.01 });
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    let answered = 0;
    let closed = false;
    void ann.closed.then(() => {
      closed = true;
    });
    const flood = setInterval(() => {
      for (let n = 0; n < 20 && !closed; n++) {
        void ann.reply({ type: 'ping' }).then(() => answered++);
      }
    }, 10);
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    clearInterval(flood);
    // Some 4,000 were sent; read at full speed, the connection would be gone after 1,000 refusals.
    expect(closed).toBe(false);
    expect(answered).toBeLessThan(1_000);
    await bob.settled();
    ann.terminate();
    await ann.closed;
  });
});

describe('frames that nothing else counts', () => {
  it('[LI8] a line that floods with pongs or pings is cut, and others are not held up', async () => {
    await using server = await startTestServer();
    const tenant = await server.tenant(['ann', 'bob']);
    const bob = await tenant.connect('bob');
    for (const opcode of [0x9, 0xa]) {
      const line = await RawLine.open(server.url);
      await line.upgrade();
      // Masked with zeros, and empty.
      const control = Buffer.from([0x80 | opcode, 0x80, 0, 0, 0, 0]);
      line.write(Buffer.concat(Array(bounds.controlFrames).fill(control)));
      line.write(Buffer.concat(Array(50).fill(control)));
      await line.closed;
      await bob.settled();
    }
  });

  it('[LI8] a message in very many parts ends its connection', async () => {
    await using server = await startTestServer();
    const line = await RawLine.open(server.url);
    await line.upgrade();
    const part = (opcode: number) => Buffer.from([opcode, 0x80, 0, 0, 0, 0]);
    line.write(Buffer.concat([part(1), ...Array(bounds.fragments).fill(part(0))]));
    await line.closed;
    // 1008, in a close frame.
    expect(line.received).toContain('\x88\x02\x03\xf0');
    // Again and again in fewer, of somebody who has said hello.
    const tenant = await server.tenant(['ann', 'bob']);
    const other = await RawLine.open(server.url);
    await other.upgrade();
    const hello = JSON.stringify({ id: 1, type: 'hello', token: await tenant.token('ann') });
    const length = Buffer.alloc(2);
    length.writeUInt16BE(hello.length);
    other.write(
      Buffer.concat([Buffer.from([0x81, 0xfe]), length, Buffer.alloc(4), Buffer.from(hello)]),
    );
    await other.has('"result"');
    const message = Buffer.concat([part(1), ...Array(800).fill(part(0)), part(0x80)]);
    other.write(Buffer.concat(Array(100).fill(message)));
    await other.closed;
  });
});
