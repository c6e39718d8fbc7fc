import { describe, expect, it } from 'vitest';
import { createTestDatabase } from '../src/db/testing/test-database.ts';
import { HeldDatabase } from '../src/testing/held-database.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, type TestTenant } from '../src/testing/test-server.ts';

const shared = JSON.stringify({ directory: 'shared' });
const watchRead = 'my_conversation as materialized';

describe('what is asked anew when somebody leaves', () => {
  it('[LI14] is asked once for all connections of a person', async () => {
    const database = await createTestDatabase();
    let asked = 0;
    const of: typeof database.db.of = (tenant) => {
      asked++;
      return database.db.of(tenant);
    };
    const server = await startTestServer({ database: { ...database, db: { ...database.db, of } } });
    const names = Array.from({ length: 20 }, (_, index) => `person-${index}`);
    const tenant = await server.tenant(['ann', 'bob', ...names]);

    const leaveAll = async (connections: number) => {
      const ann = await tenant.connect('ann');
      const bob = await tenant.connect('bob');
      const groups = await Promise.all(Array.from({ length: 20 }, () => createGroup(bob, ['ann'])));
      const lines = await Promise.all(
        Array.from({ length: connections }, () => tenant.connect('ann')),
      );
      for (const line of lines) await line.ask('presence.watch', { users: names });
      const before = asked;
      await Promise.all(
        groups.map(({ id }) => ann.ask('conversation.leave', { conversation: id })),
      );
      await ann.settled();
      const cost = asked - before;
      for (const line of [ann, bob, ...lines]) line.terminate();
      return cost;
    };

    const [one, ten] = [await leaveAll(1), await leaveAll(10)];
    expect(ten - one).toBeLessThan(60);
    await server.drain();
    await database.drop();
  });

  it('[PT15] is not missed by a watch that was being answered', async () => {
    const database = await createTestDatabase();
    const held = new HeldDatabase(database.db);
    const server = await startTestServer({ database: { ...database, db: held } });
    const tenant = await server.tenant(['ann', 'eve']);
    const [ann, eve] = [await tenant.connect('ann'), await tenant.connect('eve')];
    const { id } = await createGroup(ann, ['eve']);
    await setDirectory(tenant);
    const read = held.hold(watchRead);
    const watching = eve.ask('presence.watch', { users: ['ann'] });
    await read.read;
    await ann.ask('member.remove', { conversation: id, user: 'eve' });
    read.release();
    expect(await watching).toEqual({ users: [] });
    await server.drain();
    await database.drop();

    async function setDirectory({ id }: TestTenant): Promise<void> {
      await database.sql
        .updateTable('tenant')
        .set({ settings: shared })
        .where('id', '=', id)
        .execute();
    }
  });
});
