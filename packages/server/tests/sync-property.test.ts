import type { MemberRole } from '@parley/protocol';
import fc from 'fast-check';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenChanged, givenMessages, givenOpenGroups } from '../src/testing/given.ts';
import { ModelClient } from '../src/testing/model-client.ts';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';
import { upsertUser } from '../src/users/upsert-user.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

const people = ['ann', 'bob', 'cy'] as const;

type Act =
  | {
      readonly type: 'say' | 'rename' | 'leave' | 'create' | 'profile';
      readonly who: number;
      readonly where: number;
    }
  | {
      readonly type: 'add' | 'remove' | 'block' | 'unblock';
      readonly who: number;
      readonly where: number;
      readonly whom: number;
    }
  | {
      readonly type: 'role';
      readonly who: number;
      readonly where: number;
      readonly whom: number;
      readonly role: MemberRole;
    }
  | {
      readonly type: 'read' | 'edit' | 'delete';
      readonly who: number;
      readonly where: number;
      readonly seq: number;
    }
  | { readonly type: 'many'; readonly who: number; readonly where: number; readonly count: number }
  /** The client asks now; some go away again after the first page. */
  | { readonly type: 'sync'; readonly calls: number };

const who = fc.nat({ max: 2 });
const where = fc.nat({ max: 3 });
const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant('say' as const), who, where }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'rename' as const,
        'leave' as const,
        'create' as const,
        'profile' as const,
      ),
      who,
      where,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'add' as const,
        'remove' as const,
        'block' as const,
        'unblock' as const,
      ),
      who,
      where,
      whom: who,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('role' as const),
      who,
      where,
      whom: who,
      role: fc.constantFrom('owner' as const, 'admin' as const, 'member' as const),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom('read' as const, 'edit' as const, 'delete' as const),
      who,
      where,
      seq: fc.integer({ min: 1, max: 12 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('many' as const),
      who,
      where,
      count: fc.constantFrom(30, 199, 200, 201, 260),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('sync' as const),
      calls: fc.constantFrom(1, 1, 2, 50),
    }),
  },
);

describe('sync', () => {
  it('[SY60] from any point, after anything, interrupted anywhere, ends at what is', async () => {
    const play = async (acts: readonly Act[]) => {
      const tenant = await server.tenant(people);
      await givenOpenGroups(server, tenant);
      const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
      const [ann, bob] = sockets;
      if (ann === undefined || bob === undefined) throw new Error('nobody');
      const ids = [
        (await createGroup(ann, people)).id,
        (await createGroup(bob, people)).id,
        (await createDirect(bob, 'ann')).id,
      ];
      const client = new ModelClient();
      for (const one of acts) {
        if (one.type === 'sync') await client.sync(ann, one.calls);
        else await perform(one, { tenant: tenant.id, sockets, ids });
      }
      await client.sync(ann);
      const fresh = await ModelClient.fresh(ann, (id) => client.floor(id));
      expect(client.state()).toEqual(fresh.state());
      for (const socket of sockets) socket.terminate();
    };
    const runs = fc.array(act, { minLength: 5, maxLength: 24 });
    await fc.assert(fc.asyncProperty(runs, play), { numRuns: 40 });
  }, 60_000);

  async function perform(
    one: Exclude<Act, { type: 'sync' }>,
    at: { tenant: string; sockets: readonly TestSocket[]; ids: string[] },
  ): Promise<void> {
    const socket = at.sockets[one.who];
    const conversation = at.ids[one.where % at.ids.length] ?? '';
    if (socket === undefined) return;
    const place = { server, tenant: { id: at.tenant }, conversation };
    const user = people[one.who] ?? 'ann';
    // What is refused (not in it, nothing there) changes nothing.
    const ask = (type: string, input: object) => socket.reply({ type, conversation, ...input });
    switch (one.type) {
      case 'say':
        await say(socket, conversation, `by ${user}`).catch(() => {});
        return;
      case 'rename':
        await ask('conversation.update', { name: `By ${user} ${Math.random()}` });
        return;
      case 'leave':
        await ask('conversation.leave', {});
        return;
      case 'create':
        await createGroup(socket, people).then(
          (made) => at.ids.push(made.id),
          // Somebody of them blocks who asks.
          () => {},
        );
        return;
      case 'profile':
        await upsertUser({ db: server.database.db, bus: server.bus }, at.tenant, {
          id: user,
          name: `Named ${Math.random()}`,
        });
        return;
      case 'add':
        await ask('member.add', { users: [people[one.whom]] });
        return;
      case 'remove':
        await ask('member.remove', { user: people[one.whom] });
        return;
      case 'role':
        await ask('member.update', { user: people[one.whom], role: one.role });
        return;
      case 'block':
        await ask('block.add', { user: people[one.whom] });
        return;
      case 'unblock':
        await ask('block.remove', { user: people[one.whom] });
        return;
      case 'read':
        await ask('read', { seq: one.seq });
        return;
      case 'edit':
        if (await exists(place, one.seq)) await givenChanged(place, one.seq, { body: 'edited' });
        return;
      case 'delete':
        if (await exists(place, one.seq)) await givenChanged(place, one.seq, { deleted: true });
        return;
      case 'many':
        await givenMessages(place, user, one.count);
    }
  }
});

async function exists(
  place: { readonly tenant: { readonly id: string }; readonly conversation: string },
  seq: number,
): Promise<boolean> {
  const { rows } = await sql`
    select from message where tenant_id = ${place.tenant.id}
      and conversation_id = ${place.conversation} and seq = ${seq}
      and deleted_at is null`.execute(server.database.sql);
  return rows.length > 0;
}
