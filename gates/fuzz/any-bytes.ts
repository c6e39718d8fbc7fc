import { closeCodes } from '@parley/protocol';
import { frame } from '../kit/client-frame.ts';
import { RawSocket } from '../kit/raw-socket.ts';
import { RawWebSocket, readHead, upgradeRequest } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { SeededRandom } from '../kit/seeded-random.ts';
import { mutate } from './mutate.ts';
import type { World } from './world.ts';

/** Codes that a server may close with when what came is no protocol of ours. */
const codes: readonly number[] = [
  1000,
  1001,
  1002,
  1003,
  1005,
  1007,
  1009,
  ...Object.values(closeCodes).map(({ code }) => code),
];
const atOnce = { bytes: 16, requests: 64 };
/** A frame that is not whole gets no answer: it is not waited for longer. */
const patienceMs = 250;

/** Sends frames with anything in their headers; each connection answers, waits for more, or closes. */
export async function sendAnyBytes(run: Run, world: World, times: number): Promise<number> {
  return severalAtOnce(run, 'bytes', times, async (random) => {
    const early = random.chance(0.3);
    const socket = early ? await RawWebSocket.open(world.installed.port) : await world.connect();
    socket.answersPings = false;
    const sent = Array.from({ length: random.between(1, 6) }, () => anyFrameBytes(random, world));
    await socket.line.writeInPieces(sent);
    if (random.chance(0.2)) socket.line.finish();
    await socket.until(() => socket.closeCode !== undefined, random.chance(0.1) ? patienceMs : 20);
    const { closeCode } = socket;
    socket.line.destroy();
    if (closeCode !== undefined && !codes.includes(closeCode) && !isEcho(closeCode, sent)) {
      return `closed with ${closeCode}`;
    }
    return socket.faults[0];
  });
}

/** A close is answered with its own code, which chance may have made. */
function isEcho(code: number, sent: readonly Buffer[]): boolean {
  return code >= 3_000 && code < 5_000 && sent.some(([first = 0]) => (first & 0x0f) === 8);
}

function anyFrameBytes(random: SeededRandom, { sample }: World): Buffer {
  const text = JSON.stringify({ id: random.below(100), type: 'conversation.get', ...sample });
  const payload = random.chance(0.5) ? Buffer.from(text) : random.bytes(random.below(200));
  const made = frame({
    opcode: random.chance(0.6) ? 1 : random.below(16),
    payload,
    fin: random.chance(0.8),
    rsv: random.chance(0.9) ? 0 : random.below(8),
    masked: random.chance(0.95),
    ...(random.chance(0.1) ? { told: BigInt(random.bits()) ** 2n, lengthBytes: 8 } : {}),
  });
  return random.chance(0.7) ? made : mutate(made, { random, words: [], others: [] });
}

/** Sends requests that begin well and end somehow: no answer is a fault of the server. */
export async function sendAnyRequests(run: Run, world: World, times: number): Promise<number> {
  const { port } = world.installed;
  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const bearer = `Authorization: Bearer ${world.sample.token}\r\n`;
  const seeds = [
    upgradeRequest(port, { key }),
    upgradeRequest(port, { key, headers: { Origin: 'https://evil.example', Cookie: 'a=b' } }),
    `GET /v1/conversations?limit=5 HTTP/1.1\r\nHost: x\r\n${bearer}\r\n`,
    `GET /v1/conversations/${world.sample.conversation}/messages?before=5 HTTP/1.1\r\nHost: x\r\n${bearer}\r\n`,
    `POST /v1/conversations HTTP/1.1\r\nHost: x\r\n${bearer}Content-Type: application/json\r\nContent-Length: 33\r\n\r\n{"kind":"group","members":["me"]}`,
    'POST /v1/tenants HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"id"\r\n0\r\n\r\n',
    `GET http://127.0.0.1:${port}/healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`,
    'GET /openapi.json HTTP/1.0\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n',
  ].map((text) => Buffer.from(text));
  const words = [
    '\r\n',
    '\n',
    ': ',
    'HTTP/1.1',
    'HTTP/2.0',
    'Content-Length: 0\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\n',
    'Connection: close\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate\r\n',
    'X-Forwarded-For: 127.0.0.1\r\n',
    'Content-Encoding: gzip\r\n',
    '%00',
    '%',
    '/../',
    '?',
  ];
  return severalAtOnce(run, 'requests', times, async (random) => {
    const request = mutate(random.pick(seeds), { random, words, others: seeds });
    const line = await RawSocket.connect(port);
    line.write(request);
    // Many are not whole, and wait for the rest. Who ends the line gets no answer any more.
    const timers = [setTimeout(() => line.finish(), 400), setTimeout(() => line.destroy(), 5_000)];
    const head = await readHead(line);
    for (const timer of timers) clearTimeout(timer);
    line.destroy();
    if (head === undefined || head.status < 500 || head.status === 505) return undefined;
    return `answered with ${head.status}: ${JSON.stringify(request.toString('latin1'))}`;
  });
}

async function severalAtOnce(
  run: Run,
  name: keyof typeof atOnce,
  times: number,
  once: (random: SeededRandom) => Promise<string | undefined>,
): Promise<number> {
  let next = 0;
  await Promise.all(
    Array.from({ length: atOnce[name] }, async () => {
      for (let number = next++; number < times; number = next++) {
        const fault = await once(new SeededRandom(run.seed, `${name} ${number}`));
        if (fault !== undefined) run.fail(`${fault} (number ${number})`);
      }
    }),
  );
  return times;
}
