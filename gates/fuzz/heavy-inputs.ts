import { limits, newId } from '@parley/protocol';
import { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import { nested, nestedText } from './odd-values.ts';
import type { World } from './world.ts';

/** Something that is as much work for the server as one input can be. */
interface Heavy {
  readonly what: string;
  /** Sends it and waits until the server is through with it. */
  send(world: World, socket: RawWebSocket): Promise<unknown>;
}

const answerMs = 10_000;
/** Of several times the least: a shared machine adds to each of them. */
const times = 3;
const big = limits.frameBytes - 200;

const heavyFrames = [
  [
    'lists in lists',
    (sized: number) => `{"id":1,"type":"ping","x":${nestedText((sized >> 1) - 20)}}`,
  ],
  ['a frame of opening brackets', (sized: number) => '['.repeat(sized)],
  ['objects in objects', (sized: number) => '{"a":'.repeat(sized / 5)],
  ['escapes', (sized: number) => `{"id":1,"type":"${'\\u0041'.repeat(sized / 6)}"}`],
  ['a number of many digits', (sized: number) => `{"id":${'9'.repeat(sized)},"type":"ping"}`],
  [
    'many keys',
    (sized: number) => `{${Array.from({ length: sized / 16 }, (_, i) => `"k${i}":${i}`).join()}}`,
  ],
  ['one key many times', (sized: number) => `{${'"id":1,'.repeat(sized / 8)}"id":1}`],
  ['blanks', (sized: number) => ' '.repeat(sized)],
  ['a message of blanks', (sized: number) => send(' '.repeat(sized))],
  ['a message of emoji', () => send('\u{1f642}'.repeat(10_000))],
  ['a message of combining marks', () => send('a\u0301'.repeat(5_000))],
  [
    'a name of blanks',
    (sized: number) =>
      JSON.stringify({
        id: 1,
        type: 'conversation.create',
        kind: 'group',
        members: [],
        name: `a${' '.repeat(sized)}b`,
      }),
  ],
  [
    'a name of line ends',
    (sized: number) =>
      JSON.stringify({
        id: 1,
        type: 'conversation.create',
        kind: 'group',
        members: [],
        name: '\n'.repeat(sized / 2),
      }),
  ],
  [
    'a sync of all that is allowed',
    () =>
      JSON.stringify({
        id: 1,
        type: 'sync',
        me: 0,
        known: Object.fromEntries(
          Array.from({ length: limits.knownPerSync }, () => [newId(), { version: 1, last_seq: 1 }]),
        ),
      }),
  ],
  [
    'marks of all that is allowed',
    () =>
      JSON.stringify({
        id: 1,
        type: 'delivered',
        marks: Object.fromEntries(Array.from({ length: limits.knownPerSync }, () => [newId(), 1])),
      }),
  ],
  [
    'people of all that is allowed',
    () => JSON.stringify({ id: 1, type: 'presence.watch', users: people(limits.watchedPeople) }),
  ],
  [
    'members of all that is allowed',
    () =>
      JSON.stringify({
        id: 1,
        type: 'conversation.create',
        kind: 'group',
        members: people(limits.membersPerCall),
      }),
  ],
  [
    'a search of wild cards',
    () => JSON.stringify({ id: 1, type: 'user.search', text: '%_'.repeat(50) }),
  ],
] as const;

const heavyTokens = [
  ['a token of dots', '.'.repeat(limits.tokenBytes)],
  ['a token of one part', 'A'.repeat(limits.tokenBytes)],
  ['a token of deep claims', jwt({ kid: 'k' }, { tenant: 'a', x: nested(2_000) })],
  ['a token of quotes', jwt({ kid: 'k' }, { tenant: 'a', x: '"\\'.repeat(1_200) })],
  [
    'a token of many keys',
    jwt({ kid: 'k' }, Object.fromEntries(Array.from({ length: 700 }, (_, i) => [`k${i}`, 1]))),
  ],
  ['a token that is no JSON', `${'e30'.repeat(800)}.${'e30'.repeat(800)}.A`],
] as const;

const heavyHeaders: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
  ['a bearer of blanks', { Authorization: `Bearer ${' '.repeat(8_000)}x x` }],
  ['a bearer of one word', { Authorization: `Bearer ${'x'.repeat(8_000)}` }],
  ['forwarded for thousands', { 'X-Forwarded-For': '1.1.1.1, '.repeat(1_500) }],
  ['a long origin', { Origin: `https://${'a.'.repeat(4_000)}example` }],
  ['a content type of blanks', { 'Content-Type': `application/json${' '.repeat(8_000)};` }],
  [
    'a long accept',
    { Accept: 'a/b;q=0.1,'.repeat(1_000), 'Accept-Language': 'a-b,'.repeat(1_000) },
  ],
  ['a long request id', { 'X-Request-Id': 'a'.repeat(8_000) }],
  ['a long upgrade', { Upgrade: 'websocket,'.repeat(800) }],
];

const heavyPaths = [
  `/v1/users/${'%2e'.repeat(3_000)}`,
  `/v1/users/${'%F0%9F%99%82'.repeat(600)}/tokens`,
  `/${'a/'.repeat(4_000)}`,
  `/v1/conversations?${'limit=1&'.repeat(1_000)}`,
  `/v1/conversations?cursor=${'%00'.repeat(2_500)}`,
  `/app/messages/${'../'.repeat(2_500)}`,
];

/** One heavy input at a time: none may take more than so much CPU. Answers the most that one took. */
export async function sendHeavyInputs(run: Run, world: World, mostMs: number): Promise<number> {
  let most = 0;
  const socket = await world.connect();
  for (const { what, send: sendIt } of heavyInputs()) {
    const costs: number[] = [];
    for (let time = 0; time < times; time++) {
      const { inside } = world.installed;
      const before = await inside.now();
      await sendIt(world, socket);
      costs.push((await inside.now()).threadMs - before.threadMs);
      if (Math.min(...costs) <= mostMs / 2) break;
    }
    const cost = Math.min(...costs);
    if (cost > most) run.note('heaviest input', `${what} (${cost.toFixed(1)} ms)`);
    most = Math.max(most, cost);
    run.expect(cost <= mostMs, `${what} takes ${cost.toFixed(0)} ms of CPU, ${mostMs} at the most`);
  }
  socket.line.destroy();
  return most;
}

function heavyInputs(): Heavy[] {
  return [
    ...heavyFrames.map(([what, make]) => ({
      what,
      send: (_: World, socket: RawWebSocket) => sendFrame(socket, make(big)),
    })),
    ...heavyTokens.map(([what, token]) => ({
      what,
      send: (world: World) => sendHello(world, token),
    })),
    ...heavyTokens.map(([what, token]) => ({
      what: `${what} over HTTP`,
      send: ({ installed }: World) => installed.call('GET', '/v1/conversations', { bearer: token }),
    })),
    ...heavyHeaders.map(([what, headers]) => ({
      what,
      send: ({ installed }: World) => installed.call('PUT', '/v1/users/x', { headers, body: '{}' }),
    })),
    ...heavyPaths.map((path) => ({
      what: `the path ${path.slice(0, 30)}...`,
      send: ({ installed, sample }: World) => installed.call('GET', path, { bearer: sample.token }),
    })),
    ...[
      `{"name":${'['.repeat(big)}`,
      `{"name":"${' '.repeat(big)}"}`,
      `{"name":"x","email":"${'a@'.repeat(30_000)}"}`,
    ].map((body) => ({
      what: `the body ${body.slice(0, 20)}...`,
      send: ({ installed, tenant }: World) =>
        installed.call('PUT', '/v1/users/x', { bearer: tenant.apiKey, body }),
    })),
  ];
}

async function sendFrame(socket: RawWebSocket, text: string): Promise<void> {
  if (Buffer.byteLength(text) > limits.frameBytes) throw new Error('the heavy frame is too large');
  socket.frames.length = 0;
  socket.sendText(text);
  socket.send({ id: 77, type: 'ping' });
  // What the frame asked for may be answered later than the question behind it.
  const answered = await socket.until(() => socket.texts.length >= 2, answerMs);
  if (!answered) throw new Error(`no answer to ${text.slice(0, 100)} (${socket.closeCode})`);
}

async function sendHello({ installed }: World, token: string): Promise<void> {
  const socket = await RawWebSocket.open(installed.port);
  socket.send({ id: 1, type: 'hello', token });
  await socket.until(() => socket.closeCode !== undefined, answerMs);
  socket.line.destroy();
}

function send(body: string): string {
  return JSON.stringify({
    id: 1,
    type: 'message.send',
    conversation: newId(),
    message: { id: newId(), body },
  });
}

function people(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `person-${index}`);
}

function jwt(header: object, claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.AAAA`;
}
