import { ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { type FakeDevice, World } from '../testing/world.ts';

const status = ({ client }: FakeDevice) => client.connection.getSnapshot().status;

describe('the monitor', () => {
  it('[CL40] connects when told to, says who it is, and is online', async () => {
    const world = new World();
    const ann = world.device('ann');
    const seen: string[] = [];
    ann.client.connection.subscribe(() => seen.push(status(ann)));
    expect(status(ann)).toBe('idle');
    ann.client.connect();
    ann.client.connect();
    await world.flow();
    expect(seen).toEqual(['connecting', 'online']);
    expect(ann.client.me.getSnapshot()).toMatchObject({ id: 'ann', name: 'ann', avatar_url: null });
    expect(ann.network.lines).toHaveLength(1);
    expect(world.server.taken[0]).toMatchObject({ type: 'hello', input: { token: 'ann' } });
  });

  it('[CL41] tries again with growing pauses, and tells when', async () => {
    const world = new World();
    const ann = world.device('ann');
    ann.client.connect();
    const waits: number[] = [];
    for (let i = 0; i < 4; i++) {
      await world.flow();
      ann.network.line?.cut();
      const state = ann.client.connection.getSnapshot();
      if (state.status !== 'waiting') break;
      expect(state).toMatchObject({ attempt: i + 1 });
      waits.push(state.retryAt - world.clock.now());
      await world.clock.advance(state.retryAt - world.clock.now());
    }
    expect(waits).toEqual([250, 500, 1_000, 2_000]);
    await world.clock.advance(6_000);
    await world.flow();
    expect(status(ann)).toBe('online');
    await world.pass(6_000);
    ann.network.line?.cut();
    expect(ann.client.connection.getSnapshot()).toMatchObject({
      status: 'waiting',
      attempt: 0,
      retryAt: world.clock.now() + 250,
    });
  });

  it('[CL42] connect() while waiting tries at once', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    ann.network.line?.cut();
    expect(status(ann)).toBe('waiting');
    ann.client.connect();
    await world.flow();
    expect(status(ann)).toBe('online');
  });

  it('[CL43] comes back after a drain exactly when it was asked to', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    world.server.tell('ann', { event: 'drain', retry_after_ms: 2_000 });
    await world.flow();
    expect(status(ann)).toBe('online');
    world.server.closeAll(1012);
    expect(ann.client.connection.getSnapshot()).toMatchObject({
      status: 'waiting',
      retryAt: world.clock.now() + 2_000,
    });
  });

  it('[CL44] does not come back after a close code that says so', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    ann.network.line?.cut(4503, 'origin refused');
    expect(ann.client.connection.getSnapshot()).toEqual({
      status: 'closed',
      reason: 'refused',
      message: 'origin refused',
    });
    expect(world.clock.alarms).toBe(0);
  });

  it('[CL44] says what the refused hello said, which is more than its close', async () => {
    const world = new World();
    world.server.fails = ({ type }) =>
      type === 'hello' ? new ParleyError('origin_refused') : undefined;
    const ann = world.device('ann');
    ann.client.connect();
    await world.flow();
    ann.network.line?.cut(4503, 'origin refused');
    expect(ann.client.connection.getSnapshot()).toEqual({
      status: 'closed',
      reason: 'refused',
      message: new ParleyError('origin_refused').message,
    });
  });

  it('[CL136] ends where access has ended, with everything that is known and was to be sent', async () => {
    const world = new World();
    const id = world.server.create('ann', ['bob']);
    world.server.say('bob', id, 'hello');
    const ann = await world.connected('ann');
    const handle = ann.client.conversation(id);
    handle.open();
    await world.pass(2_000);
    ann.network.isDown = true;
    handle.send('on its way');
    world.server.closeAll(4501);
    await world.pass(60_000);
    expect(ann.client.connection.getSnapshot()).toMatchObject({
      status: 'closed',
      reason: 'ended',
    });
    expect(ann.network.lines).toHaveLength(1);
    expect(world.clock.alarms).toBe(0);
    expect(ann.client.conversations.getSnapshot().conversations).toHaveLength(1);
    const states = () => handle.getSnapshot().messages.map(({ body, state }) => [body, state]);
    expect(states()).toEqual([
      ['hello', 'stored'],
      ['on its way', 'queued'],
    ]);
    // Given back, and asked to connect again: what was to be sent goes out.
    ann.network.isDown = false;
    ann.client.connect();
    await world.pass(1_000);
    expect(states()[1]).toEqual(['on its way', 'stored']);
  });

  it('[CL136] learns from the close after a refused hello that access has ended', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', async () => `deactivated ${asked++}`);
    ann.client.connect();
    await world.flow();
    ann.network.line?.cut(4501, 'access has ended');
    expect(ann.client.connection.getSnapshot()).toEqual({
      status: 'closed',
      reason: 'ended',
      message: 'access has ended',
    });
    await world.pass(60_000);
    expect(asked).toBe(1);
    expect(world.clock.alarms).toBe(0);
  });

  it.each([4013, 4014])(
    '[CL137] comes back slowly where connections are too many (%i)',
    async (code) => {
      const world = new World();
      world.server.fails = ({ type }) =>
        type === 'hello' ? new ParleyError('too_many') : undefined;
      const ann = world.device('ann');
      ann.client.connect();
      for (let i = 0; i < 3; i++) {
        await world.flow();
        ann.network.line?.cut(code);
        const state = ann.client.connection.getSnapshot();
        if (state.status !== 'waiting') return expect.unreachable();
        expect(state.retryAt - world.clock.now()).toBeGreaterThanOrEqual(2_000);
        await world.clock.advance(state.retryAt - world.clock.now());
      }
      world.server.fails = () => undefined;
      await world.pass(10_000);
      expect(status(ann)).toBe('online');
    },
  );

  it('[CL45] pings a silent line, and replaces one that does not answer', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    await world.pass(25_000);
    expect(world.server.taken.filter(({ type }) => type === 'ping')).toHaveLength(1);
    const [dead] = ann.network.lines;
    await world.clock.advance(19_000);
    expect(status(ann)).toBe('online');
    // Asked after 20 s of silence, given up 10 s later.
    await world.clock.advance(10_000);
    await world.flow();
    expect(dead?.isClosed).toBe(true);
    expect(ann.network.lines).toHaveLength(2);
    expect(status(ann)).toBe('online');
  });

  it('[CL140] asks a line on which a request gets no answer, and replaces it when it is dead', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    await world.pass(1_000);
    const [dead] = ann.network.lines;
    // From here on nothing comes through: the world does not flow.
    ann.client.searchUsers('someone').catch(() => {});
    await world.clock.advance(4_000);
    expect(dead?.toServer.at(-1)).toContain('ping');
    await world.clock.advance(2_999);
    expect(dead?.isClosed).toBe(false);
    await world.clock.advance(1);
    await world.flow();
    expect(dead?.isClosed).toBe(true);
    expect(ann.network.lines).toHaveLength(2);
    expect(status(ann)).toBe('online');
  });

  it('[CL46] asks at once after the device slept, and waits a short time only', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    world.clock.sleep(60_000);
    await world.clock.advance(0);
    expect(ann.network.line?.toServer.at(-1)).toContain('ping');
    await world.clock.advance(3_000);
    await world.flow();
    expect(ann.network.lines).toHaveLength(2);
    expect(status(ann)).toBe('online');
  });

  it('[CL47] asks the line when the network or the page comes back, and keeps one that answers', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    await world.pass(1_000);
    ann.change();
    await world.pass(5_000);
    expect(ann.network.lines).toHaveLength(1);
    ann.change();
    await world.clock.advance(3_001);
    await world.flow();
    expect(ann.network.lines).toHaveLength(2);
  });

  it('[CL48] shows that the device is offline, goes on trying quietly, and hurries when it is back', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    ann.isOnline = false;
    ann.network.isDown = true;
    ann.network.line?.cut();
    expect(status(ann)).toBe('offline');
    await world.pass(20_000);
    expect(status(ann)).toBe('offline');
    expect(ann.network.lines.length).toBeGreaterThan(1);
    ann.isOnline = true;
    ann.network.isDown = false;
    ann.change();
    await world.pass(1);
    expect(status(ann)).toBe('online');
  });

  it('[CL49] gives up a line that does not open, and a hello that is not answered', async () => {
    const world = new World();
    const ann = world.device('ann');
    ann.network.isDown = true;
    ann.client.connect();
    await world.pass(15_000);
    expect(status(ann)).toBe('waiting');
    await world.clock.advance(250);
    ann.network.line?.open();
    await world.clock.advance(15_000);
    expect(status(ann)).toBe('waiting');
    expect(ann.network.lines.every(({ isClosed }) => isClosed)).toBe(true);
  });

  it('[CL50] waits as long as a refused hello asks for', async () => {
    const world = new World();
    world.server.fails = ({ type }) =>
      type === 'hello' ? new ParleyError('unavailable', { retryAfterMs: 5_000 }) : undefined;
    const ann = world.device('ann');
    ann.client.connect();
    // Nor is the line closed with a word of its own.
    await world.pass(1_000);
    expect(ann.client.connection.getSnapshot()).toMatchObject({
      status: 'waiting',
      retryAt: world.clock.now() + 7_500,
    });
  });

  it('[CL51] disconnect ends everything: line, timers, listeners, those who wait', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    const id = world.server.create('ann', ['bob']);
    await world.flow();
    const handle = ann.client.conversation(id);
    handle.open();
    handle.setTyping(true);
    handle.send('one');
    ann.client.presence.watch(['bob']);
    ann.network.isDown = true;
    const searching = ann.client.searchUsers('b');
    const people = ann.client.getUsers(['bob']);
    ann.client.disconnect();
    await expect(searching).rejects.toMatchObject({ code: 'unavailable' });
    await expect(people).rejects.toMatchObject({ code: 'unavailable' });
    expect(ann.client.connection.getSnapshot()).toEqual({
      status: 'closed',
      reason: 'disconnected',
    });
    expect([world.clock.alarms, ann.listeners]).toEqual([0, 0]);
    expect(handle.getSnapshot().messages).toMatchObject([{ body: 'one', state: 'queued' }]);
    ann.network.isDown = false;
    ann.client.connect();
    await world.pass(1_000);
    expect(handle.getSnapshot()).toMatchObject({
      status: 'ready',
      messages: [{ body: 'one', state: 'stored' }],
    });
  });

  it('[CL52] refuses to go on as somebody else', async () => {
    const world = new World();
    let user = 'ann';
    const ann = world.device('ann', async () => user);
    ann.client.connect();
    await world.flow();
    user = 'bob';
    ann.network.line?.cut(4001);
    await world.pass(1_000);
    expect(ann.client.connection.getSnapshot()).toMatchObject({
      status: 'closed',
      reason: 'refused',
    });
    expect(ann.client.me.getSnapshot()?.id).toBe('ann');
  });

  it('[CL53] a listener may disconnect the moment it is online', async () => {
    const world = new World();
    const ann = world.device('ann');
    ann.client.me.subscribe(() => ann.client.disconnect());
    ann.client.connect();
    await world.flow();
    expect(status(ann)).toBe('closed');
    expect([world.clock.alarms, ann.listeners]).toEqual([0, 0]);
  });
});
