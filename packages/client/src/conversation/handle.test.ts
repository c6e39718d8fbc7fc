import { newId, ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

describe('a conversation', () => {
  it('[CL91] loads its newest page when opened, older ones when asked, and stays live', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    for (let i = 1; i <= 10; i++) world.server.say('bob', id, `${i}`);
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    const bodies = () =>
      handle
        .getSnapshot()
        .messages.map(({ body }) => body)
        .join(' ');
    expect(handle.getSnapshot()).toMatchObject({ status: 'loading', memberCount: 2, messages: [] });
    handle.open();
    await world.flow();
    expect([handle.getSnapshot().status, bodies()]).toEqual(['ready', '7 8 9 10']);
    const loading = [handle.loadOlder(), handle.loadOlder()];
    expect(handle.getSnapshot().loadingOlder).toBe(true);
    world.server.edit(id, 4, { body: 'edited' });
    world.server.say('bob', id, '11');
    await world.flow();
    await Promise.all(loading);
    expect(bodies()).toBe('3 edited 5 6 7 8 9 10 11');
    void handle.loadOlder();
    await world.flow();
    expect(bodies()).toBe('1 2 3 edited 5 6 7 8 9 10 11');
    expect(handle.getSnapshot()).toMatchObject({ hasOlder: false, loadingOlder: false });
    const calls = world.server.taken.length;
    await handle.loadOlder();
    expect(world.server.taken).toHaveLength(calls);
  });

  it('[CL92] waits for the line to load an older page, and rejects only a refusal', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    for (let i = 1; i <= 6; i++) world.server.say('bob', id, `${i}`);
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    handle.open();
    await world.flow();
    ann.network.line?.cut();
    const loading = handle.loadOlder();
    await world.pass(2_000);
    await loading;
    expect(handle.getSnapshot().messages).toHaveLength(6);
  });

  it('[CL93] is gone when there is none, and when it is not mine', async () => {
    const world = new World();
    const foreign = world.server.create('bob', ['cy']);
    const ann = await world.connected('ann');
    for (const id of [newId(), foreign]) {
      const handle = ann.client.conversation(id);
      handle.open();
      await world.pass(100);
      expect(handle.getSnapshot().status).toBe('gone');
    }
  });

  it('[CL94] one handle per conversation; closed ones stay live and short', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    expect(ann.client.conversation(id.toUpperCase())).toBe(handle);
    const close = [handle.open(), handle.open()];
    await world.flow();
    for (let i = 1; i <= 60; i++) world.server.say('bob', id, `${i}`);
    await world.flow();
    close[0]?.();
    close[0]?.();
    expect(handle.getSnapshot().messages).toHaveLength(60);
    close[1]?.();
    expect(handle.getSnapshot().messages).toHaveLength(50);
    world.server.say('bob', id, '61');
    await world.flow();
    handle.open();
    expect(handle.getSnapshot()).toMatchObject({ status: 'ready', hasOlder: true });
    expect(handle.getSnapshot().messages.at(-1)).toMatchObject({ body: '61' });
  });

  it('[CL95] acts need a line, and tell what was refused', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    void handle.rename('New name');
    void handle.addMembers(['cy']);
    await world.flow();
    expect(handle.getSnapshot()).toMatchObject({ name: 'New name', memberCount: 3 });
    world.server.fails = () => new ParleyError('not_allowed');
    const removing = expect(handle.removeMember('cy')).rejects.toMatchObject({
      code: 'not_allowed',
    });
    await world.flow();
    await removing;
    ann.network.line?.cut();
    await expect(handle.leave()).rejects.toMatchObject({ code: 'unavailable' });
    await expect(ann.client.createDirect('bob')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('[CL96] making a group is asked again after a cut, and makes one', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    const making = ann.client.createGroup({ name: 'Team', members: ['bob', 'cy'] });
    ann.network.line?.letToServer();
    ann.network.line?.cut();
    await world.pass(2_000);
    const made = await making;
    expect(made).toMatchObject({ kind: 'group', name: 'Team', member_count: 3 });
    const { conversations } = ann.client.conversations.getSnapshot();
    expect(conversations.map(({ id }) => id)).toEqual([made.id]);
  });

  it('[CL97] shows who is typing until they end, speak or fall silent, and never me', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob', 'cy']);
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    const type = (user: string, typing: boolean) =>
      world.server.tell('ann', { event: 'typing', conversation: id, user, typing });
    for (const user of ['ann', 'bob', 'cy', 'dee']) type(user, true);
    await world.flow();
    expect(handle.getSnapshot().typing).toEqual(['bob', 'cy', 'dee']);
    type('cy', false);
    world.server.say('bob', id, 'said');
    await world.flow();
    expect(handle.getSnapshot().typing).toEqual(['dee']);
    await world.pass(6_000);
    expect(handle.getSnapshot().typing).toEqual([]);
  });

  it('[CL98] my typing ends at once with what I send', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    handle.setTyping(true);
    handle.send('said');
    await world.pass(5_000);
    const told = world.server.taken.flatMap((one) => {
      if (one.type === 'typing') return [one.input.typing ? 'typing' : 'no longer'];
      return one.type === 'message.send' ? ['sent'] : [];
    });
    expect(told).toEqual(['typing', 'no longer', 'sent']);
  });

  it('[CL99] a person’s new name is everywhere', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    const ann = await world.connected('ann');
    world.server.rename('bob', 'Robert');
    world.server.rename('ann', 'Anna');
    await world.flow();
    expect(ann.client.me.getSnapshot()?.name).toBe('Anna');
    const names = () =>
      ann.client
        .conversation(id)
        .getSnapshot()
        .members.map(({ name }) => name);
    expect(names()).toEqual(['Anna', 'Robert']);
    ann.network.line?.cut();
    world.server.rename('bob', 'Bob');
    await world.pass(2_000);
    expect(names()).toEqual(['Anna', 'Bob']);
  });
});
