import { newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConversationFor } from '../src/conversations/create-conversation-for.ts';
import { givenSettings, givenTenantRole } from '../src/testing/given.ts';
import { answerOf, createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const directories = ['all', 'shared', 'none'] as const;
type Directory = (typeof directories)[number];

/** Ann shares a group with Bob, and none with Cy. */
async function neighbours(directory: Directory): Promise<TestTenant> {
  const tenant = await server.tenant(['ann', 'bob', 'cy']);
  await arrange(tenant, 'ann', ['bob']);
  await givenSettings(server, tenant, { directory });
  return tenant;
}

/** A group that the host makes, whatever the directory. */
async function arrange(
  tenant: TestTenant,
  user: string,
  members: readonly string[],
): Promise<string> {
  const parts = { db: server.database.db, bus: server.bus, now: Date.now };
  const scope = { tenant: tenant.id, user };
  const { conversation } = await createConversationFor(parts, scope, { kind: 'group', members });
  return conversation.id;
}

/** What each way to begin something with a person answers, without what the question named. */
async function beginnings(socket: TestSocket, group: string, who: string): Promise<string[]> {
  const answers = [
    await answerOf(socket, { type: 'conversation.create', kind: 'group', members: [who] }),
    await answerOf(socket, {
      type: 'conversation.create',
      kind: 'group',
      members: [who, who],
      conversation: newId(),
    }),
    await answerOf(socket, { type: 'conversation.create', kind: 'direct', members: [who] }),
    await answerOf(socket, { type: 'member.add', conversation: group, users: [who] }),
  ];
  return answers.map((answer) => (answer.includes('"result"') ? 'done' : answer));
}

async function stored(tenant: TestTenant): Promise<unknown> {
  const { sql } = server.database;
  const of = (table: 'conversation' | 'member' | 'message' | 'app_user') =>
    sql.selectFrom(table).selectAll().where('tenant_id', '=', tenant.id).execute();
  return [await of('conversation'), await of('member'), await of('message'), await of('app_user')];
}

async function found(socket: TestSocket): Promise<Record<string, string[]>> {
  const ids = (answer: { users: readonly { id: string }[] }) =>
    answer.users.map((one) => one.id).sort();
  const users = ['ann', 'bob', 'cy', 'boss', 'mod', 'gus'];
  return {
    search: ids(await socket.ask('user.search', { text: '' })),
    get: ids(await socket.ask('user.get', { users })),
    watch: ids(await socket.ask('presence.watch', { users })),
  };
}

describe('whom the directory does not show', () => {
  it.each([
    ['shared', ['cy']],
    ['none', ['cy']],
  ] as const)(
    '[RO30] cannot be written to or added under %s: as who does not exist, to the byte',
    async (directory, hidden) => {
      const tenant = await neighbours(directory);
      const elsewhere = await server.tenant(['foreign']);
      await elsewhere.connect('foreign');
      const ann = await tenant.connect('ann');
      const cy = await tenant.connect('cy');
      const group = await arrange(tenant, 'ann', []);
      const before = await stored(tenant);
      const unknown = await beginnings(ann, group, 'nobody');
      for (const answer of unknown) expect(answer).toContain('"code":"not_found"');
      for (const who of [...hidden, 'foreign', '__proto__']) {
        expect(await beginnings(ann, group, who), who).toEqual(unknown);
      }
      expect(await stored(tenant)).toEqual(before);
      await cy.settled();
      expect(cy.events).toEqual([]);
    },
  );

  it('[RO30] is told by who shares a conversation now; under none nobody can be begun with', async () => {
    for (const [directory, told] of [
      ['all', 'done'],
      ['shared', 'done'],
      ['none', '"code":"not_found"'],
    ] as const) {
      const tenant = await neighbours(directory);
      const ann = await tenant.connect('ann');
      const group = await arrange(tenant, 'ann', []);
      for (const answer of await beginnings(ann, group, 'bob')) {
        expect(answer, directory).toContain(told);
      }
    }
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const shared = await arrange(tenant, 'ann', ['bob', 'cy']);
    await givenSettings(server, tenant, { directory: 'shared' });
    const ann = await tenant.connect('ann');
    await ann.ask('member.remove', { conversation: shared, user: 'cy' });
    await expect(createDirect(ann, 'cy')).rejects.toMatchObject({ code: 'not_found' });
    await createDirect(ann, 'bob');
  });

  it('[RO31] has the conversation of the pair as before', async () => {
    const tenant = await server.tenant(['ann', 'cy']);
    const ann = await tenant.connect('ann');
    const cy = await tenant.connect('cy');
    const { id } = await createDirect(ann, 'cy');
    await givenSettings(server, tenant, { directory: 'none' });
    expect((await createDirect(cy, 'ann')).id).toBe(id);
    expect((await createDirect(ann, 'cy')).id).toBe(id);
    await say(ann, id, 'still here');
  });
});

describe('roles in the tenant', () => {
  it.each(directories)(
    '[RO32] admins and moderators find, write to and add everybody under %s',
    async (directory) => {
      for (const role of ['admin', 'moderator'] as const) {
        const tenant = await neighbours(directory);
        await givenTenantRole(server, tenant, 'ann', role);
        const ann = await tenant.connect('ann');
        const group = await arrange(tenant, 'bob', ['ann']);
        expect(await found(ann)).toEqual({
          search: ['bob', 'cy'],
          get: ['ann', 'bob', 'cy'],
          watch: ['ann', 'bob', 'cy'],
        });
        expect(await beginnings(ann, group, 'cy')).toEqual(['done', 'done', 'done', 'done']);
      }
    },
  );

  it.each(directories)(
    '[RO33] guests know whom they share a conversation with under %s',
    async (directory) => {
      const tenant = await neighbours(directory);
      await givenTenantRole(server, tenant, 'ann', 'guest');
      const ann = await tenant.connect('ann');
      const users = ['cy', 'bob', 'ann', 'nobody'];
      const got = await ann.ask('user.get', { users });
      expect(got.users.map((one) => one.id)).toEqual(['bob', 'ann']);
      const watched = await ann.ask('presence.watch', { users });
      expect(watched.users.map((one) => one.id).sort()).toEqual(['ann', 'bob']);
      await expect(ann.ask('user.search', { text: '' })).rejects.toMatchObject({
        code: 'not_allowed',
      });
    },
  );

  it('[RO34] guests talk where they were put, and begin nothing', async () => {
    const tenant = await server.tenant(['ann', 'gus', 'cy']);
    await givenTenantRole(server, tenant, 'gus', 'guest');
    const ann = await tenant.connect('ann');
    const gus = await tenant.connect('gus');
    const { id: group } = await createGroup(ann, ['gus']);
    const { id: direct } = await createDirect(ann, 'gus');
    for (const id of [group, direct]) {
      await say(gus, id, 'Hello');
      const { messages } = await gus.ask('message.list', { conversation: id });
      expect(messages).toHaveLength(1);
    }
    const before = await stored(tenant);
    const refused = await Promise.all([
      answerOf(gus, { type: 'conversation.create', kind: 'direct', members: ['cy'] }),
      answerOf(gus, { type: 'conversation.create', kind: 'direct', members: ['nobody'] }),
      answerOf(gus, { type: 'conversation.create', kind: 'direct', members: ['gus'] }),
      answerOf(gus, { type: 'conversation.create', kind: 'group', members: [] }),
      answerOf(gus, { type: 'member.add', conversation: group, users: ['cy'] }),
      answerOf(gus, { type: 'member.add', conversation: group, users: ['nobody'] }),
    ]);
    expect(new Set(refused).size).toBe(1);
    expect(refused[0]).toContain('"code":"not_allowed"');
    expect(await stored(tenant)).toEqual(before);
    // Being put into more is for others; going is for oneself.
    await ann.ask('member.add', { conversation: (await createGroup(ann, [])).id, users: ['gus'] });
    await gus.ask('conversation.leave', { conversation: group });
  });
});

describe('whoever blocks me', () => {
  it.each(directories)(
    '[RO35] is not found, and cannot be written to or added, under %s',
    async (directory) => {
      const tenant = await neighbours(directory);
      const ann = await tenant.connect('ann');
      const bob = await tenant.connect('bob');
      await bob.ask('block.add', { user: 'ann' });
      const group = await arrange(tenant, 'ann', []);
      const unknown = await beginnings(ann, group, 'nobody');
      expect(await beginnings(ann, group, 'bob')).toEqual(unknown);
      const { users } = await ann.ask('user.search', { text: 'bob' });
      expect(users).toEqual([]);
    },
  );
});
