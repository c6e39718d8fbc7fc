import { ParleyError, type Request } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

async function talking() {
  const world = new World();
  const id = world.server.create('ann', ['bob']);
  const ann = await world.connected('ann');
  await world.pass(2_000);
  const handle = ann.client.conversation(id);
  const taken = (type: Request['type']) => world.server.taken.filter((one) => one.type === type);
  const delivered = () =>
    world.server.taken.flatMap((one) =>
      one.type === 'delivered' ? [one.input.marks.get(id)] : [],
    );
  return { world, id, ann, handle, taken, delivered };
}

describe('receipts', () => {
  it('[CL80] messages of others are reported at most once a second, my own never', async () => {
    const { world, id, handle, delivered } = await talking();
    handle.send('mine');
    await world.pass(3_000);
    expect(delivered()).toEqual([]);
    for (let i = 0; i < 30; i++) {
      world.server.say('bob', id, `said ${i}`);
      await world.pass(100);
    }
    await world.pass(1_000);
    // The first at once, then what has gathered.
    expect(delivered()).toEqual([2, 11, 21, 31]);
    await world.pass(5_000);
    expect(delivered()).toHaveLength(4);
  });

  it('[CL81] what is in the list when it loads was delivered', async () => {
    const world = new World();
    const ids = [1, 2].map(() => world.server.create('bob', ['ann']));
    for (const id of ids) world.server.say('bob', id, 'said');
    await world.connected('ann');
    await world.pass(2_000);
    const marks = world.server.taken.flatMap((one) =>
      one.type === 'delivered' ? [...one.input.marks] : [],
    );
    expect(new Map(marks)).toEqual(new Map(ids.map((id) => [id, 1])));
  });

  it('[CL82] reading is shown at once, told at most a few times a second, and never moves back', async () => {
    const { world, id, ann, handle, taken } = await talking();
    for (let i = 0; i < 9; i++) world.server.say('bob', id, `said ${i}`);
    await world.pass(2_000);
    const unread = () => ann.client.conversations.getSnapshot().conversations[0]?.unread;
    expect(unread()).toBe(9);
    for (const seq of [3, 5, 4, 5, 99]) handle.markRead(seq);
    handle.markRead(Number.NaN);
    expect([unread(), handle.getSnapshot().unread]).toEqual([0, 0]);
    await world.pass(1_000);
    expect(taken('read')).toMatchObject([{ input: { conversation: id, seq: 9 } }]);
    expect(handle.getSnapshot().marks['ann']).toEqual({ read: 9, delivered: 9 });
  });

  it('[CL82] reading a part asks the server how much is left, once it knows of the reading', async () => {
    const { world, id, ann, handle, taken } = await talking();
    for (let i = 0; i < 9; i++) world.server.say(i % 2 === 0 ? 'bob' : 'ann', id, `said ${i}`);
    await world.pass(2_000);
    const unread = () => ann.client.conversations.getSnapshot().conversations[0]?.unread;
    expect(unread()).toBe(5);
    handle.markRead(6);
    expect(unread()).toBe(3);
    await world.pass(1_000);
    expect(unread()).toBe(2);
    expect(taken('conversation.get')).toHaveLength(1);
  });

  it('[CL83] marks wait for a line, and for what may pass', async () => {
    const { world, id, ann, handle, taken } = await talking();
    world.server.say('bob', id, 'said');
    await world.flow();
    let failures = 1;
    world.server.fails = ({ type }) =>
      type === 'read' && failures-- > 0 ? new ParleyError('unavailable') : undefined;
    ann.network.isDown = true;
    ann.network.line?.cut();
    handle.markRead(1);
    await world.pass(10_000);
    ann.network.isDown = false;
    await world.pass(30_000);
    expect(taken('read')).toHaveLength(2);
    expect(ann.client.conversations.getSnapshot().conversations[0]?.marks['ann']?.read).toBe(1);
  });

  it('[CL84] reading elsewhere counts here', async () => {
    const { world, id, ann } = await talking();
    world.server.say('bob', id, 'said');
    await world.pass(2_000);
    world.server.act('ann', 'read', { conversation: id, seq: 1 });
    await world.flow();
    expect(ann.client.conversations.getSnapshot().conversations[0]?.unread).toBe(0);
  });
});
