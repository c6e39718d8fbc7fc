import { isDeepStrictEqual } from 'node:util';
import { type MemberRole, newId } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startTestServer,
  type TestServer,
  type TestTenant,
} from '../../server/src/testing/test-server.ts';
import type { TestSocket } from '../../server/src/testing/test-socket.ts';
import { upsertUser } from '../../server/src/users/upsert-user.ts';
import { createClient } from '../src/create-client.ts';
import { type Environment, systemEnvironment } from '../src/environment.ts';
import type { Client } from '../src/index.ts';
import type { Transport } from '../src/transport/transport.ts';

/** What people do; numbers pick among those there are at that moment. */
type Act =
  | { readonly type: 'direct'; readonly by: number; readonly with: number }
  | { readonly type: 'group'; readonly by: number; readonly members: readonly number[] }
  | { readonly type: 'say'; readonly by: number; readonly in: number; readonly body: string }
  | { readonly type: 'rename'; readonly by: number; readonly in: number; readonly name: string }
  | {
      readonly type: 'add' | 'remove';
      readonly by: number;
      readonly in: number;
      readonly who: number;
    }
  | { readonly type: 'leave'; readonly by: number; readonly in: number }
  | {
      readonly type: 'role';
      readonly by: number;
      readonly in: number;
      readonly who: number;
      readonly role: MemberRole;
    }
  | { readonly type: 'block'; readonly by: number; readonly who: number }
  | { readonly type: 'unblock'; readonly by: number; readonly who: number }
  | { readonly type: 'read'; readonly by: number; readonly in: number; readonly back: number }
  | { readonly type: 'delivered'; readonly by: number; readonly in: number; readonly back: number }
  | { readonly type: 'profile'; readonly who: number; readonly name: string }
  | { readonly type: 'cut' };

const people = ['ann', 'bob', 'cy', 'dee'];
const person = fc.nat(people.length - 1);
const index = fc.nat(5);
const text = fc
  .string({ minLength: 1, maxLength: 12, unit: 'grapheme' })
  .filter((one) => one.trim() !== '');

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('direct' as const), by: person, with: person }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('group' as const),
      by: person,
      members: fc.array(person, { maxLength: 3 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ type: fc.constant('say' as const), by: person, in: index, body: text }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('rename' as const),
      by: person,
      in: index,
      name: text,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('add' as const, 'remove' as const),
      by: person,
      in: index,
      who: person,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('leave' as const), by: person, in: index }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('role' as const),
      by: person,
      in: index,
      who: person,
      role: fc.constantFrom('owner' as const, 'admin' as const, 'member' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constantFrom('block' as const, 'unblock' as const),
      // Mostly ann, whose view it is.
      by: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, person),
      who: person,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('read' as const, 'delivered' as const),
      by: person,
      in: index,
      back: fc.nat(3),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('profile' as const), who: person, name: text }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'cut' as const }) },
);

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the fold', () => {
  it('[CL2] state and events fold to what a new client reads, whatever happened and was cut', async () => {
    const runs = Number(process.env['FOLD_RUNS'] ?? 300);
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 6, maxLength: 24, size: 'max' }),
        async (acts) => {
          await foldOnce(acts);
        },
      ),
      { numRuns: runs, endOnFailure: process.env['FOLD_SHRINK'] === undefined },
    );
  }, 300_000);
});

async function foldOnce(acts: readonly Act[]): Promise<void> {
  const tenant = await server.tenant(people);
  const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
  const line = new CuttableLine();
  const watching = watchedClient(tenant, line.environment);
  const opened = new Set<string>();
  const silent = new Set<string>();
  const stops: (() => void)[] = [];
  try {
    await ready(watching);
    const conversations: string[] = [];
    const begin: Act[] = [
      { type: 'group', by: 1, members: [0, 2] },
      { type: 'direct', by: 0, with: 1 },
      { type: 'group', by: 0, members: [1, 2, 3] },
    ];
    for (const one of [...begin, ...acts]) {
      await perform(tenant, sockets, line, conversations, one);
      if (one.type === 'block' && one.who === 0) silent.add(people[one.by] ?? '');
      for (const id of conversations) {
        if (opened.has(id)) continue;
        opened.add(id);
        stops.push(watching.conversation(id).open());
      }
    }
    const fresh = watchedClient(tenant);
    try {
      await ready(fresh);
      for (const id of opened) stops.push(fresh.conversation(id).open());
      await settled(fresh, opened);
      // Both as they are now: what one of them reports meanwhile, such as a mark, the other hears.
      const same = () =>
        isDeepStrictEqual(stateOf(watching, opened, silent), stateOf(fresh, opened, silent));
      await expect
        .poll(same, { timeout: 8_000, interval: 5 })
        .toBe(true)
        .catch(() =>
          expect(stateOf(watching, opened, silent)).toEqual(stateOf(fresh, opened, silent)),
        );
    } finally {
      fresh.disconnect();
    }
  } finally {
    for (const stop of stops) stop();
    watching.disconnect();
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}

async function perform(
  tenant: TestTenant,
  sockets: readonly TestSocket[],
  line: CuttableLine,
  conversations: string[],
  act: Act,
): Promise<void> {
  if (act.type === 'cut') {
    line.cut();
    return;
  }
  if (act.type === 'profile') {
    const { db } = server.database;
    const id = people[act.who] ?? '';
    await upsertUser({ db, bus: server.bus }, tenant.id, { id, name: act.name.trim() });
    return;
  }
  const socket = sockets[act.by];
  if (socket === undefined) return;
  // What a person may not do is refused, which is an act as good as any: it must change nothing.
  await attempt(socket, conversations, act).catch((error: unknown) => {
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(not_found|not_allowed|bad_request)$/),
    });
  });
}

async function attempt(
  socket: TestSocket,
  conversations: string[],
  act: Exclude<Act, { type: 'cut' | 'profile' }>,
): Promise<void> {
  if (act.type === 'block' || act.type === 'unblock') {
    const user = people[act.who] ?? '';
    await socket.ask(act.type === 'block' ? 'block.add' : 'block.remove', { user });
    return;
  }
  if (act.type === 'direct' || act.type === 'group') {
    const members = act.type === 'direct' ? [act.with] : act.members;
    const { conversation } = await socket.ask('conversation.create', {
      kind: act.type,
      members: members.map((one) => people[one] ?? ''),
    });
    if (!conversations.includes(conversation.id)) conversations.push(conversation.id);
    return;
  }
  const conversation = conversations[act.in % conversations.length];
  if (conversation === undefined) return;
  switch (act.type) {
    case 'say':
      await socket.ask('message.send', { conversation, message: { id: newId(), body: act.body } });
      break;
    case 'rename':
      await socket.ask('conversation.update', { conversation, name: act.name });
      break;
    case 'add':
      await socket.ask('member.add', { conversation, users: [people[act.who] ?? ''] });
      break;
    case 'remove':
      await socket.ask('member.remove', { conversation, user: people[act.who] ?? '' });
      break;
    case 'role': {
      const user = people[act.who] ?? '';
      await socket.ask('member.update', { conversation, user, role: act.role });
      break;
    }
    case 'leave':
      await socket.ask('conversation.leave', { conversation });
      break;
    case 'read':
    case 'delivered': {
      const row = await socket.ask('conversation.get', { conversation });
      const seq = Math.max(0, row.conversation.last_seq - act.back);
      if (act.type === 'read') await socket.ask('read', { conversation, seq });
      else await socket.ask('delivered', { marks: { [conversation]: seq } });
    }
  }
}

function watchedClient(tenant: TestTenant, environment?: Environment): Client {
  const options = { url: server.url, getToken: () => tenant.token('ann') };
  const client = createClient(options, environment);
  client.connect();
  return client;
}

async function ready(client: Client): Promise<void> {
  await new Promise<void>((resolve) => {
    const check = () => {
      if (client.conversations.getSnapshot().status !== 'ready') return;
      stop();
      resolve();
    };
    const stop = client.conversations.subscribe(check);
    check();
  });
}

/**
 * Everything that a person sees; what fades by itself (typing, pending) is not in these acts.
 *
 * `silent` have blocked ann at some time. She is not told, so how far they have read in a direct
 * conversation stays on her screen as it was, and is not in what a new client reads (BL rules).
 */
function stateOf(client: Client, opened: ReadonlySet<string>, silent: ReadonlySet<string>) {
  const { conversations, ...list } = client.conversations.getSnapshot();
  return {
    connection: client.connection.getSnapshot().status,
    me: client.me.getSnapshot(),
    blocked: client.blocked.getSnapshot(),
    list: { ...list, conversations: conversations.map((row) => withoutMarksOf(row, silent)) },
    conversations: [...opened].map((id) =>
      withoutMarksOf(withoutLeft(client.conversation(id).getSnapshot()), silent),
    ),
  };
}

function withoutMarksOf<T extends object>(snapshot: T, silent: ReadonlySet<string>): T {
  if (!('kind' in snapshot) || snapshot.kind !== 'direct') return snapshot;
  if (!('marks' in snapshot) || typeof snapshot.marks !== 'object') return snapshot;
  const marks = Object.entries(snapshot.marks ?? {}).filter(([user]) => !silent.has(user));
  return { ...snapshot, marks: Object.fromEntries(marks) };
}

/** What was seen of a conversation before it was gone is nobody's promise. */
function withoutLeft<T extends { readonly status: string }>(snapshot: T): T | { status: 'gone' } {
  return snapshot.status === 'gone' ? { status: 'gone' } : snapshot;
}

/** Waits until a fresh client has everything it asked for and has told its own marks. */
async function settled(client: Client, opened: ReadonlySet<string>): Promise<void> {
  const isThere = () =>
    [...opened].every((id) => {
      const { status, marks, messages } = client.conversation(id).getSnapshot();
      const { conversations } = client.conversations.getSnapshot();
      const row = conversations.find((one) => one.id === id);
      if (status === 'gone' || row === undefined) return status === 'gone';
      const last = messages.at(-1);
      const newest = last?.state === 'stored' ? last.seq : 0;
      // The SDK reports what it received of others: the mark is there when the report was taken.
      const isDue = row.unread > 0 || (row.last_message?.sender ?? 'ann') !== 'ann';
      const due = isDue ? row.last_seq : 0;
      return status === 'ready' && newest === row.last_seq && (marks['ann']?.delivered ?? 0) >= due;
    });
  await expect.poll(() => client.blocked.getSnapshot()).not.toBeNull();
  await expect.poll(isThere, { timeout: 8_000, interval: 5 }).toBe(true);
}

/** An environment whose lines can be cut without a word, and which comes back at once. */
class CuttableLine {
  readonly environment: Environment;
  readonly #cuts = new Set<() => void>();

  constructor() {
    const system = systemEnvironment();
    this.environment = {
      ...system,
      // No wait between tries, and reports of delivery at once: the test has no time to lose.
      random: () => 0,
      connect: (address, events) => {
        let alive = true;
        const transport: Transport = system.connect(address, {
          opened: () => alive && events.opened(),
          frame: (frame) => alive && events.frame(frame),
          closed: (code, reason) => {
            this.#cuts.delete(cut);
            if (alive) events.closed(code, reason);
            alive = false;
          },
        });
        const cut = () => {
          this.#cuts.delete(cut);
          if (alive) events.closed(1006, '');
          alive = false;
          transport.close();
        };
        this.#cuts.add(cut);
        return transport;
      },
    };
  }

  cut(): void {
    for (const cut of [...this.#cuts]) cut();
  }
}
