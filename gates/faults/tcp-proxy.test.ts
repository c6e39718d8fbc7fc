import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { freePort } from '../kit/free-port.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import { TcpProxy } from './tcp-proxy.ts';

interface Line extends AsyncDisposable {
  readonly proxy: TcpProxy;
  /** One more connection through the proxy: both ends. */
  join(): Promise<{ readonly client: End; readonly server: End }>;
}

/** What one end has heard. */
class End {
  readonly socket: Socket;
  readonly chunks: Buffer[] = [];
  ended = false;
  /** How the line went: undefined is an orderly close. */
  readonly gone: Promise<string | undefined>;
  #failure: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => this.chunks.push(bytes));
    socket.on('end', () => {
      this.ended = true;
    });
    socket.on('error', (error) => {
      this.#failure = 'code' in error ? String(error.code) : error.message;
    });
    this.gone = new Promise((resolve) => socket.once('close', () => resolve(this.#failure)));
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString('latin1');
  }

  async heard(text: string): Promise<void> {
    while (!this.text.includes(text)) await once(this.socket, 'data');
  }
}

async function openLine(seed = 1): Promise<Line> {
  const taken: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    taken.push(socket);
    server.emit('taken');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const random = new SeededRandom(seed);
  const proxy = await TcpProxy.open({ target: { port: address.port }, random });
  return {
    proxy,
    async join() {
      const before = taken.length;
      const socket = connect({ port: proxy.port, host: '127.0.0.1', allowHalfOpen: true });
      while (taken.length === before) await once(server, 'taken');
      const far = taken[before];
      if (far === undefined) throw new Error('nobody came');
      return { client: new End(socket), server: new End(far) };
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      for (const socket of taken) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

test('[FK1] bytes come through in order and whole, both ways, and so does each end of a line', async () => {
  await using line = await openLine();
  const { client, server } = await line.join();
  const large = new SeededRandom(1).bytes(3_000_000);
  client.socket.write(large);
  client.socket.end();
  await once(server.socket, 'end');
  expect(Buffer.concat(server.chunks).equals(large)).toBe(true);
  // Only one way has ended.
  server.socket.write('answer');
  await client.heard('answer');
  server.socket.end();
  expect(await client.gone).toBeUndefined();
  expect(line.proxy.connections).toBe(0);
});

test('[FK1] a far end that refuses, and one that is reset, reset the near one', async () => {
  await using proxy = await TcpProxy.open({
    target: { port: await freePort() },
    random: new SeededRandom(1),
  });
  const refused = new End(connect(proxy.port, '127.0.0.1'));
  expect(await refused.gone).toBe('ECONNRESET');
  await using line = await openLine();
  const { client, server } = await line.join();
  server.socket.resetAndDestroy();
  expect(await client.gone).toBe('ECONNRESET');
});

test('[FK2] a delay holds each byte for its time, keeps the order, and is one way where asked', async () => {
  await using line = await openLine();
  const { client, server } = await line.join();
  line.proxy.set({ delayMs: 80, jitterMs: 40 }, 'toServer');
  const began = performance.now();
  const told = Array.from({ length: 50 }, (_, index) => `${index}.`);
  for (const each of told) {
    client.socket.write(each);
    await new Promise(setImmediate);
  }
  server.socket.write('at once');
  await client.heard('at once');
  const answered = performance.now() - began;
  await server.heard('49.');
  expect(server.text).toBe(told.join(''));
  expect(performance.now() - began).toBeGreaterThan(79);
  expect(answered).toBeLessThan(performance.now() - began);
});

test('[FK3] a held line loses nothing; it goes on where it stood', async () => {
  await using line = await openLine();
  const { client, server } = await line.join();
  line.proxy.hold('toServer');
  client.socket.write('one');
  server.socket.write('other way');
  await client.heard('other way');
  expect(server.text).toBe('');
  await line.proxy.heal();
  client.socket.end('two');
  await once(server.socket, 'end');
  expect(server.text).toBe('onetwo');
});

test('[FK4] a blackhole swallows one way, tells nobody, and what lost bytes never goes on', async () => {
  await using line = await openLine();
  const { client, server } = await line.join();
  const idle = await line.join();
  line.proxy.blackhole('toClient');
  server.socket.write('lost');
  client.socket.write('request');
  await server.heard('request');
  line.proxy.set({ flow: 'pass' });
  // Bytes after a hole would be a stream that TCP never shows.
  server.socket.write('later');
  idle.server.socket.write('whole');
  await idle.client.heard('whole');
  expect(client.text).toBe('');
  await line.proxy.heal();
  expect(await client.gone).toBe('ECONNRESET');
  expect(await server.gone).toBe('ECONNRESET');
  expect(idle.client.socket.destroyed).toBe(false);
});

test('[FK5] a line is cut after exactly so many bytes, in the middle of a frame say', async () => {
  await using line = await openLine();
  for (const how of ['close', 'reset'] as const) {
    const { client, server } = await line.join();
    line.proxy.cut({ direction: 'toClient', afterBytes: 7, how });
    server.socket.write('12345');
    await client.heard('12345');
    server.socket.write('67890');
    if (how === 'close') await once(client.socket, 'end');
    else expect(await client.gone).toBe('ECONNRESET');
    // What was under way to one that is reset may be lost with it.
    if (how === 'close') expect(client.text).toBe('1234567');
    else expect('1234567'.startsWith(client.text)).toBe(true);
    client.socket.destroy();
  }
  // What is healed before so many came is not cut any more.
  const { client, server } = await line.join();
  line.proxy.cut({ direction: 'toClient', afterBytes: 7, how: 'reset' });
  await line.proxy.heal();
  server.socket.write('1234567890');
  await client.heard('1234567890');
});

test('[FK6] an end that is abandoned keeps a line on which nothing ever comes', async () => {
  await using line = await openLine();
  const [one, two] = [await line.join(), await line.join()];
  line.proxy.abandon('server');
  for (const { client, server } of [one, two]) {
    await server.gone;
    client.socket.write('anybody?');
    expect([client.ended, client.socket.destroyed]).toEqual([false, false]);
  }
  const fresh = await line.join();
  fresh.client.socket.write('hello');
  await fresh.server.heard('hello');
  line.proxy.abandon('client');
  await fresh.client.gone;
  expect([fresh.server.ended, fresh.server.socket.destroyed]).toEqual([false, false]);
});

test('[FK7] while it refuses, the lines there are go on, and its port stays its own', async () => {
  await using line = await openLine();
  const { client, server } = await line.join();
  const { port } = line.proxy;
  await line.proxy.refuse();
  expect(await new End(connect(port, '127.0.0.1')).gone).toBe('ECONNREFUSED');
  client.socket.write('still here');
  await server.heard('still here');
  await line.proxy.heal();
  expect(line.proxy.port).toBe(port);
  await line.join();
  line.proxy.reset();
  expect(await client.gone).toBe('ECONNRESET');
  expect(line.proxy.connections).toBe(0);
});

test('[FK8] a slow line carries so many bytes a second, and holds the sender back', async () => {
  await using line = await openLine();
  const { client, server } = await line.join();
  line.proxy.set({ bytesPerSecond: 200_000 }, 'toServer');
  const began = performance.now();
  client.socket.end(Buffer.alloc(40_000));
  await once(server.socket, 'end');
  expect(performance.now() - began).toBeGreaterThan(150);
  expect(Buffer.concat(server.chunks).length).toBe(40_000);
});
