import { ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

async function opened() {
  const world = new World();
  const id = world.server.create('ann', ['bob']);
  const ann = await world.connected('ann');
  const handle = ann.client.conversation(id);
  handle.open();
  await world.pass(1_000);
  const syncs = () => world.server.taken.flatMap((one) => (one.type === 'sync' ? [one.input] : []));
  const bodies = () =>
    handle
      .getSnapshot()
      .messages.map(({ body }) => body)
      .join(' ');
  return { world, id, ann, handle, syncs, bodies };
}

describe('sync', () => {
  it('[CL100] brings everything since after a cut, over as many answers as it takes', async () => {
    const { world, id, ann, handle, syncs, bodies } = await opened();
    const before = syncs().length;
    ann.network.line?.cut();
    for (let i = 1; i <= 7; i++) world.server.say('bob', id, `${i}`);
    world.server.edit(id, 1, { body: 'edited' });
    await world.pass(2_000);
    expect(bodies()).toBe('edited 2 3 4 5 6 7');
    expect(handle.getSnapshot()).toMatchObject({ status: 'ready', unread: 7 });
    expect(syncs().length - before).toBe(3);
  });

  it('[CL101] a reset shows the newest page', async () => {
    const { world, id, ann, handle, bodies } = await opened();
    ann.network.line?.cut();
    for (let i = 1; i <= 20; i++) world.server.say('bob', id, `${i}`);
    await world.pass(2_000);
    expect(bodies()).toBe('17 18 19 20');
    expect(handle.getSnapshot()).toMatchObject({ hasOlder: true, unread: 20 });
  });

  it('[CL102] a gap is filled by one call for all conversations that have one', async () => {
    const { world, id, ann, syncs, bodies } = await opened();
    const other = world.server.create('ann', ['bob']);
    await world.pass(1_000);
    const before = syncs().length;
    let lost = 2;
    world.server.loses = () => lost-- > 0;
    for (const one of [id, other]) world.server.say('bob', one, 'lost');
    for (const one of [id, other]) world.server.say('bob', one, 'told');
    await world.pass(1_000);
    expect(bodies()).toBe('lost told');
    expect(
      syncs()
        .slice(before)
        .map(({ known }) => [...known.keys()]),
    ).toEqual([[id, other]]);
    expect(ann.client.conversations.getSnapshot().conversations).toMatchObject([
      { unread: 2 },
      { unread: 2 },
    ]);
  });

  it('[CL102] what only came in the wrong order is put in order without asking', async () => {
    const { world, id, ann, syncs, bodies } = await opened();
    const before = syncs().length;
    world.server.say('bob', id, '1');
    world.server.say('bob', id, '2');
    ann.network.line?.toClient.reverse();
    await world.pass(1_000);
    expect(bodies()).toBe('1 2');
    expect(syncs()).toHaveLength(before);
  });

  it('[CL103] a removal that was not told is found at the next personal event', async () => {
    const { world, id, ann } = await opened();
    let lost = 1;
    world.server.loses = () => lost-- > 0;
    world.server.act('bob', 'conversation.create', { kind: 'group', members: ['cy'] });
    lost = 1;
    world.server.act('bob', 'member.add', { conversation: id, users: ['cy'] });
    lost = 2;
    world.server.act('ann', 'conversation.leave', { conversation: id });
    lost = 0;
    const other = world.server.create('bob', ['ann']);
    await world.pass(1_000);
    const { conversations } = ann.client.conversations.getSnapshot();
    expect(conversations.map((row) => row.id)).toEqual([other]);
    expect(ann.client.conversation(id).getSnapshot().status).toBe('gone');
  });

  it('[CL104] another history: all is told anew, what it does not have is gone', async () => {
    const { world, id, ann, bodies } = await opened();
    world.server.say('bob', id, 'kept');
    await world.pass(1_000);
    const backup = world.server.backup();
    world.server.say('bob', id, 'undone');
    const later = world.server.create('ann', ['bob']);
    await world.pass(1_000);
    expect(bodies()).toBe('kept undone');
    ann.network.isDown = true;
    world.server.restore(backup);
    world.server.say('bob', id, 'new');
    ann.network.isDown = false;
    await world.pass(3_000);
    expect(bodies()).toBe('kept new');
    expect(ann.client.conversation(later).getSnapshot().status).toBe('gone');
    world.server.say('bob', id, 'live');
    await world.flow();
    expect(bodies()).toBe('kept new live');
  });

  it('[CL105] an answer that may pass is asked for again, one that is refused not in a flood', async () => {
    const { world, id, ann, syncs, bodies } = await opened();
    ann.network.line?.cut();
    world.server.say('bob', id, '1');
    const before = syncs().length;
    world.server.fails = ({ type }) =>
      type === 'sync' ? new ParleyError('bad_request') : undefined;
    await world.pass(60_000);
    expect(syncs().length - before).toBeLessThan(15);
    world.server.fails = () => undefined;
    await world.pass(60_000);
    expect(bodies()).toBe('1');
  });
});
