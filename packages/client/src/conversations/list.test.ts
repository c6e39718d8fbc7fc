import { ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

/** A person with ten conversations; the fake server lists four at a time. */
async function withTen() {
  const world = new World();
  const ids: string[] = [];
  for (let i = 0; i < 10; i++) {
    ids.unshift(world.server.create('bob', ['ann']));
    world.clock.sleep(600_000);
  }
  const ann = await world.connected('ann');
  const list = ann.client.conversations;
  const shown = () => list.getSnapshot().conversations.map(({ id }) => ids.indexOf(id));
  const calls = () => world.server.taken.filter(({ type }) => type === 'conversation.list').length;
  return { world, ids, ann, list, shown, calls };
}

describe('the list', () => {
  it('[CL85] loads page by page, one at a time', async () => {
    const { world, list, shown, calls } = await withTen();
    expect(shown()).toEqual([0, 1, 2, 3]);
    const loading = [list.loadMore(), list.loadMore()];
    expect(list.getSnapshot()).toMatchObject({ status: 'ready', hasMore: true, loadingMore: true });
    await world.flow();
    await Promise.all(loading);
    expect(shown()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    void list.loadMore();
    await world.flow();
    expect(list.getSnapshot()).toMatchObject({ hasMore: false, loadingMore: false });
    await list.loadMore();
    expect([shown().length, calls()]).toEqual([10, 3]);
  });

  it('[CL86] what is said moves a conversation up, also one that was not loaded', async () => {
    const { world, ids, shown, ann } = await withTen();
    world.server.say('bob', ids[2] ?? '', 'said');
    world.clock.sleep(1_000);
    await world.flow();
    expect(shown()).toEqual([2, 0, 1, 3]);
    world.server.say('bob', ids[8] ?? '', 'said');
    await world.pass(1_000);
    expect(shown()).toEqual([8, 2, 0, 1, 3]);
    expect(ann.client.conversations.getSnapshot().conversations[0]).toMatchObject({
      unread: 1,
      last_message: { body: 'said' },
    });
  });

  it('[CL87] finds after a cut what has risen from below the loaded part', async () => {
    const { world, ids, ann, shown, calls } = await withTen();
    ann.network.isDown = true;
    ann.network.line?.cut();
    for (const i of [9, 7, 8, 6, 5]) {
      world.server.say('bob', ids[i] ?? '', 'said');
      world.clock.sleep(600_000);
    }
    ann.network.isDown = false;
    await world.pass(60_000);
    expect(shown()).toEqual([5, 6, 8, 7, 9, 0, 1, 2, 3]);
    // The first page, and two until what was known before the cut.
    expect(calls()).toBe(3);
    ann.network.line?.cut();
    await world.pass(5_000);
    expect(calls()).toBe(4);
  });

  it('[CL87] finds what had risen just before the rest was loaded, and was not told', async () => {
    const { world, ids, ann, list, shown } = await withTen();
    let lost = 1;
    world.server.loses = () => lost-- > 0;
    world.server.say('bob', ids[9] ?? '', 'lost');
    while (list.getSnapshot().hasMore) {
      void list.loadMore();
      await world.flow();
    }
    expect(shown()).not.toContain(9);
    ann.network.line?.cut();
    await world.pass(5_000);
    expect(shown()).toEqual([9, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('[CL88] a conversation appears when one is added, and goes when one is removed', async () => {
    const { world, ids, ann, shown } = await withTen();
    const handle = ann.client.conversation(ids[1] ?? '');
    handle.open();
    await world.pass(100);
    expect(handle.getSnapshot().status).toBe('ready');
    world.server.act('bob', 'member.remove', { conversation: ids[1] ?? '', user: 'ann' });
    await world.flow();
    expect(shown()).toEqual([0, 2, 3]);
    expect(handle.getSnapshot()).toMatchObject({ status: 'gone', messages: [], kind: null });
    world.server.act('bob', 'member.add', { conversation: ids[1] ?? '', users: ['ann'] });
    await world.pass(1_000);
    expect(shown()).toEqual([1, 0, 2, 3]);
    expect(handle.getSnapshot()).toMatchObject({
      status: 'ready',
      messages: [{ kind: 'system', act: { type: 'members_added', users: ['ann'] } }],
    });
  });

  it('[CL89] a list that is refused has failed, until it is loaded again', async () => {
    const world = new World();
    world.server.create('ann', ['bob']);
    world.server.fails = ({ type }) =>
      type === 'conversation.list' ? new ParleyError('bad_request') : undefined;
    const ann = await world.connected('ann');
    const list = ann.client.conversations;
    expect(list.getSnapshot()).toMatchObject({ status: 'failed', error: { code: 'bad_request' } });
    world.server.fails = () => undefined;
    void list.reload();
    expect(list.getSnapshot().status).toBe('loading');
    await world.flow();
    expect(list.getSnapshot()).toMatchObject({ status: 'ready', conversations: [{}] });
  });

  it('[CL90] rows keep their identity while nothing of theirs changes', async () => {
    const { world, ids, list } = await withTen();
    const before = list.getSnapshot();
    expect(list.getSnapshot()).toBe(before);
    world.server.say('bob', ids[0] ?? '', 'said');
    await world.flow();
    const after = list.getSnapshot();
    expect(after).not.toBe(before);
    expect(after.conversations.slice(1)).toEqual(before.conversations.slice(1));
    after.conversations.slice(1).forEach((row, index) => {
      expect(row).toBe(before.conversations[index + 1]);
    });
  });
});
