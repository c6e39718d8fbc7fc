import { ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { type FakeDevice, World } from '../testing/world.ts';

async function withGroup() {
  const world = new World();
  const id = world.server.create('cy', ['ann', 'bob']);
  world.server.say('bob', id, 'of bob');
  const ann = await world.connected('ann');
  await world.pass(2_000);
  const row = (of = id) =>
    ann.client.conversations.getSnapshot().conversations.find((one) => one.id === of);
  return { world, id, ann, row };
}

function kinds(device: FakeDevice, id: string): string[] {
  return device.client
    .conversation(id)
    .getSnapshot()
    .messages.map((one) => (one.state === 'stored' && one.kind === 'hidden' ? '-' : one.body));
}

/** A line that has just come up again: hello is answered, and nothing else has been asked. */
async function backOnline(world: World, device: FakeDevice): Promise<void> {
  await world.clock.advance(500);
  device.network.line?.open();
  device.network.line?.letToServer();
  device.network.line?.letToClient();
}

/** Everything that was asked is answered; the answers are held back until the returned function is called. */
function holdAnswers(device: FakeDevice): () => void {
  const { line } = device.network;
  while (line?.letToServer());
  const held = line?.toClient.splice(0) ?? [];
  return () => line?.toClient.push(...held);
}

describe('whom I block', () => {
  it('[CL130] is told by events, and by sync what was missed', async () => {
    const { world, ann } = await withGroup();
    const { client } = ann;
    const other = await world.connected('ann');
    const seen: unknown[] = [];
    other.client.blocked.subscribe(() => seen.push(other.client.blocked.getSnapshot()));
    expect(client.blocked.getSnapshot()).toEqual([]);
    void client.block('cy');
    void client.block('bob');
    await world.pass(1_000);
    expect(client.blocked.getSnapshot()).toEqual(['bob', 'cy']);
    expect(seen).toEqual([['cy'], ['bob', 'cy']]);
    ann.network.line?.cut();
    world.server.act('ann', 'block.remove', { user: 'cy' });
    await world.pass(2_000);
    expect(client.blocked.getSnapshot()).toEqual(['bob']);
    ann.network.line?.cut();
    await expect(client.block('cy')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('[CL130] is not set back by an answer that an event has overtaken', async () => {
    const { world, ann } = await withGroup();
    ann.network.line?.cut();
    await backOnline(world, ann);
    await world.clock.advance(30);
    const release = holdAnswers(ann);
    world.server.act('ann', 'block.add', { user: 'bob' });
    release();
    while (ann.network.line?.letToClient());
    await world.clock.advance(0);
    expect(ann.client.blocked.getSnapshot()).toEqual(['bob']);
    await world.pass(2_000);
    expect(ann.client.blocked.getSnapshot()).toEqual(['bob']);
  });

  it('[CL130] has names, page by page, also of those with whom nothing is shared', async () => {
    const world = new World(['ann', ...Array.from({ length: 9 }, (_, i) => `p${i}`)]);
    const ann = await world.connected('ann');
    for (let i = 0; i < 9; i++) world.server.act('ann', 'block.add', { user: `p${i}` });
    const listed = ann.client.listBlocked();
    await world.pass(1_000);
    expect((await listed).map(({ name }) => name)).toEqual(ann.client.blocked.getSnapshot());
    expect(await listed).toHaveLength(9);
  });

  it('[CL131] is hidden in groups, what they said before as well, and comes back', async () => {
    const { world, id, ann, row } = await withGroup();
    const closed = world.server.create('bob', ['ann']);
    world.server.say('bob', closed, 'of bob too');
    const handle = ann.client.conversation(id);
    handle.open();
    await world.pass(1_000);
    expect(kinds(ann, id)).toEqual(['of bob']);
    expect([row()?.unread, row(closed)?.unread]).toEqual([1, 1]);

    void ann.client.block('bob');
    await world.pass(1_000);
    world.server.say('bob', id, 'more of bob');
    world.server.say('cy', id, 'of cy');
    await world.pass(1_000);
    expect(kinds(ann, id)).toEqual(['-', '-', 'of cy']);
    expect(handle.getSnapshot().messages[0]).toMatchObject({ sender: null, body: '' });
    expect([row()?.unread, row(closed)?.unread]).toEqual([1, 0]);
    expect(row(closed)?.last_message).toMatchObject({ kind: 'hidden', sender: null, body: '' });

    void ann.client.unblock('bob');
    await world.pass(1_000);
    expect(kinds(ann, id)).toEqual(['of bob', 'more of bob', 'of cy']);
    expect([row()?.unread, row(closed)?.unread]).toEqual([3, 1]);
    expect(row(closed)?.last_message).toMatchObject({ sender: 'bob', body: 'of bob too' });
  });

  it('[CL131] comes back although it was blocked and unblocked where nobody was told of it', async () => {
    const { world, id, ann } = await withGroup();
    ann.client.conversation(id).open();
    await world.pass(1_000);
    ann.network.line?.cut();
    world.server.act('ann', 'block.add', { user: 'bob' });
    // A page is read while it is so, and the line is lost before `sync` has told of it.
    world.server.fails = ({ type }) =>
      type === 'sync' ? new ParleyError('unavailable') : undefined;
    for (let i = 0; i < 8; i++) world.server.say('cy', id, `${i}`);
    await world.pass(2_000);
    world.server.fails = () => undefined;
    ann.network.line?.cut();
    world.server.act('ann', 'block.remove', { user: 'bob' });
    await world.pass(2_000);
    void ann.client.conversation(id).loadOlder();
    await world.pass(2_000);
    void ann.client.conversation(id).loadOlder();
    await world.pass(2_000);
    expect(ann.client.blocked.getSnapshot()).toEqual([]);
    expect(kinds(ann, id)[0]).toBe('of bob');
  });

  it('[CL131] is not shown by a row that was asked for before', async () => {
    const { world, ann, row } = await withGroup();
    ann.network.line?.cut();
    // With other rights than before, every row is read again.
    world.server.giveTenantRole('ann', 'moderator');
    await backOnline(world, ann);
    await world.clock.advance(0);
    const release = holdAnswers(ann);
    world.server.act('ann', 'block.add', { user: 'bob' });
    await world.pass(1_000);
    expect(row()?.last_message).toMatchObject({ kind: 'hidden' });
    release();
    await world.pass(2_000);
    expect(row()?.last_message).toMatchObject({ kind: 'hidden' });
    expect(row()?.my_role).toBe('admin');
  });

  it('[CL131] is not shown by a list that was asked for before', async () => {
    const world = new World();
    const ids = Array.from({ length: 6 }, () => world.server.create('cy', ['ann', 'bob']));
    for (const id of ids) world.server.say('bob', id, 'of bob');
    const ann = await world.connected('ann');
    await world.pass(2_000);
    void ann.client.conversations.loadMore();
    await world.clock.advance(0);
    const release = holdAnswers(ann);
    world.server.act('ann', 'block.add', { user: 'bob' });
    await world.pass(1_000);
    release();
    await world.pass(2_000);
    const { conversations } = ann.client.conversations.getSnapshot();
    expect(conversations.map((row) => row.last_message?.kind)).toEqual(ids.map(() => 'hidden'));
    expect(conversations.map(({ unread }) => unread)).toEqual(ids.map(() => 0));
  });

  it('[CL132] is offline and does not type, until unblocked', async () => {
    const { world, id, ann } = await withGroup();
    await world.connected('bob');
    ann.client.presence.watch(['bob', 'cy']);
    const bob = () => ann.client.presence.getSnapshot()['bob'];
    const typing = () => ann.client.conversation(id).getSnapshot().typing;
    const type = () => {
      for (const user of ['bob', 'cy']) {
        world.server.tell('ann', { event: 'typing', conversation: id, user, typing: true });
      }
    };
    type();
    await world.pass(1_000);
    expect([bob()?.online, typing()]).toEqual([true, ['bob', 'cy']]);

    void ann.client.block('bob');
    await world.flow();
    expect([bob(), typing()]).toEqual([{ online: false, last_seen_at: null }, ['cy']]);
    type();
    const seen = { user: 'bob', online: true, last_seen_at: null };
    world.server.tell('ann', { event: 'presence', ...seen });
    await world.pass(100);
    expect([bob()?.online, typing()]).toEqual([false, ['cy']]);

    void ann.client.unblock('bob');
    await world.pass(1_000);
    expect(bob()?.online).toBe(true);
  });

  it('[CL133] cannot be written to: what is refused says so, and what was meant for others goes on', async () => {
    const { world, id, ann } = await withGroup();
    world.server.act('ann', 'conversation.create', {
      kind: 'direct',
      members: ['bob'],
      conversation: '01920000-0000-7000-8000-000000000001',
    });
    await world.pass(1_000);
    const direct = ann.client.conversation('01920000-0000-7000-8000-000000000001');
    direct.open();
    ann.client.conversation(id).open();
    await world.pass(1_000);
    world.server.act('bob', 'block.add', { user: 'ann' });
    direct.send('one');
    direct.send('two');
    ann.client.conversation(id).send('to all');
    await world.pass(2_000);
    expect(direct.getSnapshot().messages).toMatchObject([
      { body: 'one', state: 'failed', error: { code: 'not_allowed' } },
      { body: 'two', state: 'failed', error: { code: 'not_allowed' } },
    ]);
    expect(kinds(ann, id)).toEqual(['of bob', 'to all']);
    world.server.act('ann', 'block.add', { user: 'cy' });
    const refused = expect(ann.client.createDirect('cy')).rejects.toMatchObject({
      code: 'not_allowed',
    });
    await world.flow();
    await refused;
  });
});
