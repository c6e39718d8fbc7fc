import type { ServerEvent, Topic } from '@parley/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { MemoryBus } from '../bus/memory.ts';
import { readJoined } from '../conversations/read-joined.ts';
import { readJoinedVersions } from '../members/joined-versions.ts';
import { readGap } from '../sync/read-gap.ts';
import { createDirect, createGroup, say } from '../testing/talking.ts';
import { startTestServer, type TestServer } from '../testing/test-server.ts';
import { Heads } from './heads.ts';
import { Hub } from './hub.ts';
import { Memberships } from './memberships.ts';
import type { Outlet } from './person.ts';
import type { JoiningReader } from './tell-joined.ts';

/** Another node on the same database, from which no news come. */
let elsewhere: TestServer;
beforeAll(async () => {
  elsewhere = await startTestServer();
});
afterAll(() => elsewhere[Symbol.asyncDispose]());

/** A bus of which a subscription takes effect when the test says so. */
class LateBus extends MemoryBus {
  readonly wanted = new Set<Topic>();
  #hearing: (topics: readonly Topic[]) => void = () => {};

  override onHearing(handler: (topics: readonly Topic[]) => void): void {
    this.#hearing = handler;
  }

  override subscribe(topic: Topic): void {
    super.subscribe(topic);
    this.wanted.add(topic);
  }

  /** All topics, or some of them, are heard from now on. */
  arrive(which: (topic: Topic) => boolean = () => true): void {
    this.#hearing([...this.wanted].filter(which));
  }
}

/** A node whose beat comes when a test calls for it. */
function startNode({ readJoined = readJoinedNow }: { readJoined?: typeof readJoinedNow } = {}) {
  const { db } = elsewhere.database;
  const bus = new LateBus();
  const failures: unknown[] = [];
  const onError = (error: unknown) => failures.push(error);
  const hub = new Hub({
    bus,
    memberships: new Memberships(db),
    readGap: (room, version, lastSeq) => readGap(db, { ...room, version, lastSeq }),
    readMembers: (room, users) => readJoinedVersions(db, room, users),
    readJoined,
    onPlaceEnded: () => {},
    onReachChanged: () => {},
    onError,
  });
  const heads = new Heads({
    db,
    hub,
    readEpoch: async () => 'the only one',
    onOtherHistory: () => {},
    beatMs: 3_600_000,
    onError,
  });
  bus.onHearing((topics) => heads.hear(topics));
  return {
    bus,
    hub,
    beat: () => heads.compare(),
    failures,
    async [Symbol.asyncDispose]() {
      await heads.close();
      hub.close();
    },
  };
}

function readJoinedNow(...[scope, joined]: Parameters<JoiningReader['readJoined']>) {
  return readJoined({ scope, db: elsewhere.database.db.of(scope.tenant) }, joined);
}

/** A connection that keeps what it is told, and why it was ended. */
async function connection(tenant: string, user: string) {
  const { kid, registration } = await elsewhere.database.sql
    .selectFrom('signing_key')
    .select(['kid', 'registration'])
    .where('tenant_id', '=', tenant)
    .executeTakeFirstOrThrow();
  const told: ServerEvent[] = [];
  const ended = Promise.withResolvers<string>();
  const waiting: (() => void)[] = [];
  const outlet: Outlet = {
    scope: { tenant, user },
    sessions: new Set([{ kid, registration, issuedAt: 0 }]),
    send(frames) {
      for (const text of textsOf(frames)) told.push(JSON.parse(text));
      for (const look of waiting) look();
    },
    end: (fault) => ended.resolve(fault),
  };
  const until = async (isSo: (event: ServerEvent) => boolean) => {
    while (!told.some(isSo)) await new Promise<void>((resolve) => waiting.push(resolve));
  };
  return { outlet, told, ended: ended.promise, until };
}

/** The texts of a server's frames, none of which is longer than 64 KiB. */
function* textsOf(frames: Buffer): Generator<string> {
  for (let at = 0; at < frames.length; ) {
    const short = frames.readUInt8(at + 1);
    const start = at + (short < 126 ? 2 : 4);
    const end = start + (short < 126 ? short : frames.readUInt16BE(at + 2));
    yield frames.toString('utf8', start, end);
    at = end;
  }
}

test('[HB31] What happened before a topic is heard is told as soon as it is, and no other', async () => {
  const tenant = await elsewhere.tenant(['ann', 'bob']);
  const bob = await tenant.connect('bob');
  const group = await createGroup(bob, ['ann']);
  const direct = await createDirect(bob, 'ann');
  await using node = startNode();
  const ann = await connection(tenant.id, 'ann');
  await node.hub.join(ann.outlet);
  await say(bob, direct.id, 'in the other one');
  await say(bob, group.id, 'before it was heard');
  node.bus.arrive((topic) => topic.includes(group.id));
  await ann.until((event) => event.event === 'message.created');
  expect(ann.told).toMatchObject([
    { event: 'message.created', conversation: group.id, message: { body: 'before it was heard' } },
  ]);
  node.bus.arrive();
  await ann.until((event) => 'conversation' in event && event.conversation === direct.id);
  expect(node.failures).toEqual([]);
});

test('[HB31] So is a joining, though the person was just being read', async () => {
  const tenant = await elsewhere.tenant(['ann', 'bob']);
  const bob = await tenant.connect('bob');
  await using node = startNode();
  const ann = await connection(tenant.id, 'ann');
  const joined = node.hub.join(ann.outlet);
  const { id } = await createGroup(bob, ['ann']);
  node.bus.arrive();
  await joined;
  // Either the read had it, or it is told.
  if (!node.hub.isIn(ann.outlet.scope, id)) {
    await ann.until((event) => event.event === 'conversation.added');
  }
  const later = await createGroup(bob, ['ann']);
  node.bus.arrive((topic) => topic.includes(':user:'));
  await ann.until(
    (event) => event.event === 'conversation.added' && event.conversation.id === later.id,
  );
  expect(node.failures).toEqual([]);
});

test('[HB31] So is the end of access, of one person and of all', async () => {
  const tenant = await elsewhere.tenant(['ann', 'bob']);
  await using node = startNode();
  const ann = await connection(tenant.id, 'ann');
  const bob = await connection(tenant.id, 'bob');
  await node.hub.join(ann.outlet);
  await node.hub.join(bob.outlet);
  await tenant.call('POST', '/v1/users/ann/revoke');
  node.bus.arrive((topic) => topic.endsWith(':user:ann'));
  expect(await ann.ended).toBe('revoked');
  const bearer = 'operator-key-of-the-tests';
  await tenant.call('POST', `/v1/tenants/${tenant.id}/suspend`, { bearer });
  node.bus.arrive((topic) => topic.endsWith(':access:'));
  expect(await bob.ended).toBe('suspended');
});

test('[HB36] A joining that could not be read when it was to be told is told at the next beat', async () => {
  const tenant = await elsewhere.tenant(['ann', 'bob']);
  const bob = await tenant.connect('bob');
  let isAway = true;
  await using node = startNode({
    readJoined: async (scope, joined) => {
      if (isAway) throw new Error('no database');
      return readJoinedNow(scope, joined);
    },
  });
  const ann = await connection(tenant.id, 'ann');
  await node.hub.join(ann.outlet);
  const { id } = await createGroup(bob, ['ann']);
  await node.beat();
  await vi.waitFor(() => expect(node.failures).toHaveLength(1));
  isAway = false;
  await node.beat();
  await ann.until((event) => event.event === 'conversation.added');
  expect(ann.told).toMatchObject([{ me: 1, conversation: { id } }]);
  await say(bob, id, 'welcome');
  await node.beat();
  await ann.until((event) => event.event === 'message.created');
  expect(ann.told).toMatchObject([{}, { message: { body: 'welcome' } }]);
});
