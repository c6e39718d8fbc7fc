import { describe, expect, it } from 'vitest';
import { type FakeDevice, World } from '../testing/world.ts';

/** A line that has just come up again: hello is answered, and nothing else has been asked. */
async function backOnline(world: World, device: FakeDevice): Promise<void> {
  device.network.line?.cut();
  await world.clock.advance(500);
  device.network.line?.open();
  device.network.line?.letToServer();
  device.network.line?.letToClient();
  await world.clock.advance(30);
}

/** Everything that was asked is answered; the answers wait. */
function answer(device: FakeDevice): void {
  while (device.network.line?.letToServer());
}

/** What was told last overtakes the answers. */
function overtake(device: FakeDevice): void {
  const waiting = device.network.line?.toClient ?? [];
  waiting.unshift(...waiting.splice(-1));
}

async function withGroup() {
  const world = new World();
  const id = world.server.create('bob', ['ann']);
  const ann = await world.connected('ann');
  await world.pass(2_000);
  const listed = () => ann.client.conversations.getSnapshot().conversations.map((row) => row.id);
  return { world, id, ann, listed };
}

describe('an answer that events have overtaken', () => {
  it('[CL106] does not take away what was added since', async () => {
    const { world, id, ann, listed } = await withGroup();
    ann.network.line?.cut();
    world.server.act('bob', 'member.remove', { conversation: id, user: 'ann' });
    await backOnline(world, ann);
    answer(ann);
    world.server.act('bob', 'member.add', { conversation: id, users: ['ann'] });
    overtake(ann);
    await world.pass(2_000);
    expect(listed()).toEqual([id]);
  });

  it('[CL106] does not bring back what was removed since', async () => {
    const world = new World();
    const ids = Array.from({ length: 6 }, () => world.server.create('bob', ['ann']));
    const ann = await world.connected('ann');
    await world.pass(2_000);
    void ann.client.conversations.loadMore();
    await world.clock.advance(0);
    answer(ann);
    const shown = new Set(ann.client.conversations.getSnapshot().conversations.map(({ id }) => id));
    const [below = ''] = ids.filter((id) => !shown.has(id));
    world.server.act('bob', 'member.remove', { conversation: below, user: 'ann' });
    overtake(ann);
    await world.pass(2_000);
    const { conversations, hasMore } = ann.client.conversations.getSnapshot();
    expect([conversations.length, hasMore]).toEqual([5, false]);
  });

  it('[CL106] does not hide a removal that was lost, of what was not asked about', async () => {
    const { world, id, ann, listed } = await withGroup();
    await backOnline(world, ann);
    const short = world.server.create('bob', ['ann']);
    let lost = 1;
    world.server.loses = () => lost-- > 0;
    world.server.act('bob', 'member.remove', { conversation: short, user: 'ann' });
    expect(lost).toBe(0);
    const other = world.server.create('bob', ['ann']);
    await world.pass(2_000);
    expect(listed().sort()).toEqual([id, other].sort());
  });

  it('[CL106] does not take away what a faster answer has brought', async () => {
    const { world, ann, listed } = await withGroup();
    const hidden = world.server.create('bob', ['cy']);
    ann.client.conversation(hidden).open();
    await world.clock.advance(0);
    answer(ann);
    const [refusal = ''] = ann.network.line?.toClient.splice(0) ?? [];
    expect(refusal).toContain('not_found');
    let lost = 1;
    world.server.loses = () => lost-- > 0;
    world.server.act('bob', 'member.add', { conversation: hidden, users: ['ann'] });
    expect(lost).toBe(0);
    world.server.create('bob', ['ann']);
    await world.pass(1_000);
    expect(listed()).toContain(hidden);
    ann.network.line?.toClient.push(refusal);
    await world.pass(1_000);
    expect(listed()).toContain(hidden);
    expect(ann.client.conversation(hidden).getSnapshot().status).toBe('ready');
  });

  it('[CL107] of another history does not lose what happened in it since', async () => {
    const { world, id, ann } = await withGroup();
    const handle = ann.client.conversation(id);
    handle.open();
    await world.pass(1_000);
    const backup = world.server.backup();
    for (let i = 0; i < 3; i++) world.server.say('bob', id, 'undone');
    await world.pass(2_000);
    world.server.restore(backup);
    const syncs = () => world.server.taken.filter(({ type }) => type === 'sync').length;
    const before = syncs();
    await backOnline(world, ann);
    answer(ann);
    world.server.say('bob', id, 'new');
    overtake(ann);
    await world.pass(2_000);
    expect(handle.getSnapshot().messages.map(({ body }) => body)).toEqual(['new']);
    expect(syncs() - before).toBe(1);
  });

  it('[CL108] does not lose a mark or a name that was told since', async () => {
    const { world, id, ann } = await withGroup();
    world.server.say('ann', id, 'said');
    await world.pass(2_000);
    world.server.newEpoch();
    await backOnline(world, ann);
    answer(ann);
    world.server.act('bob', 'read', { conversation: id, seq: 1 });
    overtake(ann);
    world.server.rename('bob', 'Robert');
    overtake(ann);
    await world.flow();
    const [row] = ann.client.conversations.getSnapshot().conversations;
    expect(row?.marks['bob']).toEqual({ read: 1, delivered: 1 });
    expect(row?.members.find((one) => one.id === 'bob')?.name).toBe('Robert');
  });
});
