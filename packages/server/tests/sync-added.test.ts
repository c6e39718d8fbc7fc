import { limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenGroups } from '../src/testing/given.ts';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('sync of what was added', () => {
  it('[SY50] gives the rows of the list, those joined since `me`, in that order', async () => {
    const tenant = await server.tenant(['ann', 'bob']);
    const ann = await tenant.connect('ann');
    const bob = await tenant.connect('bob');
    const first = await createGroup(ann, ['bob']);
    const second = await createDirect(bob, 'ann');
    const third = await createGroup(ann, ['bob'], 'Third');
    const left = await createGroup(ann, ['bob']);
    await bob.ask('conversation.leave', { conversation: left.id });
    await say(ann, third.id, 'hello');
    await say(ann, first.id, 'newest');
    const all = await bob.ask('sync', { me: 0, known: {} });
    expect(all.added.map((one) => one.id)).toEqual([first.id, second.id, third.id]);
    expect([all.me, all.more]).toEqual([5, false]);
    const { conversations } = await bob.ask('conversation.list', {});
    for (const row of all.added) {
      expect(row).toEqual(conversations.find((one) => one.id === row.id));
    }
    const since = await bob.ask('sync', { me: 2, known: {} });
    expect(since.added.map((one) => one.id)).toEqual([third.id]);
    expect((await bob.ask('sync', { me: 5, known: {} })).added).toEqual([]);
    // A number from nowhere is taken for another history.
    const ahead = await bob.ask('sync', { me: 6, known: {} });
    expect([ahead.added.length, ahead.me]).toEqual([3, 5]);
  });

  it('[SY51] gives fifty at a time, to be asked for again with the `me` that came', async () => {
    const tenant = await server.tenant(['ann']);
    const ids = await givenGroups(server, tenant, 'ann', 2 * limits.addedPerSync + 5);
    const ann = await tenant.connect('ann');
    const seen: string[] = [];
    const calls: [number, boolean][] = [];
    let me = 0;
    for (;;) {
      const answer = await ann.ask('sync', { me, known: {} });
      seen.push(...answer.added.map((one) => one.id));
      calls.push([answer.me, answer.more]);
      me = answer.me;
      if (!answer.more) break;
      if (calls.length === 1) await createGroup(ann, []);
    }
    expect(calls).toEqual([
      [50, true],
      [100, true],
      [106, false],
    ]);
    expect(seen.slice(0, -1)).toEqual(ids);
    expect(new Set(seen).size).toBe(106);
  });

  it('[SY52] says that all is told when fifty is all', async () => {
    const tenant = await server.tenant(['ann']);
    await givenGroups(server, tenant, 'ann', limits.addedPerSync);
    const ann = await tenant.connect('ann');
    const answer = await ann.ask('sync', { me: 0, known: {} });
    expect([answer.added.length, answer.more, answer.me]).toEqual([50, false, 50]);
  });
});
