import { isUuid, ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

async function opened() {
  const world = new World();
  const id = world.server.create('ann', ['bob']);
  const ann = await world.connected('ann');
  const handle = ann.client.conversation(id);
  handle.open();
  await world.pass(1_000);
  const bodies = () => world.server.messages(id, 'ann').map(({ body }) => body);
  const states = () => handle.getSnapshot().messages.map(({ body, state }) => `${body} ${state}`);
  return { world, id, ann, handle, bodies, states };
}

describe('the outbox', () => {
  it('[CL65] shows a message at once, and the stored one in its place without a moment of neither', async () => {
    const { world, ann, handle } = await opened();
    const seen: string[][] = [];
    handle.subscribe(() => seen.push(handle.getSnapshot().messages.map(({ id }) => id)));
    const id = handle.send('  hello ');
    expect(isUuid(id)).toBe(true);
    expect(handle.getSnapshot().messages).toMatchObject([
      { id, sender: 'ann', body: 'hello', state: 'queued', created_at: expect.any(String) },
    ]);
    await world.flow();
    expect(handle.getSnapshot().messages).toMatchObject([{ id, seq: 1, state: 'stored' }]);
    expect(new Set(seen.map((ids) => ids.join()))).toEqual(new Set([id]));
    const other = handle.send('the reply comes first');
    ann.network.line?.letToServer();
    const events = ann.network.line?.toClient.splice(0, 1) ?? [];
    while (ann.network.line?.letToClient());
    await world.flow();
    expect(handle.getSnapshot().messages[1]).toMatchObject({ id: other, state: 'queued' });
    ann.network.line?.toClient.push(...events);
    await world.flow();
    expect(handle.getSnapshot().messages[1]).toMatchObject({ id: other, state: 'stored' });
    expect(seen.every((ids) => ids.includes(id))).toBe(true);
  });

  it('[CL66] sends in order, one at a time, across a cut, under the same ids', async () => {
    const { world, ann, handle, bodies, states } = await opened();
    for (const body of ['one', 'two', 'three']) handle.send(body);
    expect(ann.network.line?.toServer).toHaveLength(1);
    ann.network.line?.letToServer();
    ann.network.line?.cut();
    handle.send('four');
    expect(states()).toEqual(['one queued', 'two queued', 'three queued', 'four queued']);
    await world.pass(5_000);
    expect(bodies()).toEqual(['one', 'two', 'three', 'four']);
    expect(states()).toEqual(['one stored', 'two stored', 'three stored', 'four stored']);
    const ids = world.server.taken.flatMap((request) =>
      request.type === 'message.send' ? [request.input.message.id] : [],
    );
    expect(new Set(ids).size).toBe(4);
  });

  it('[CL67] tries again what may pass, after the time that was asked for', async () => {
    const { world, handle, bodies, states } = await opened();
    let failures = 2;
    world.server.fails = ({ type }) =>
      type === 'message.send' && failures-- > 0
        ? new ParleyError('rate_limited', { retryAfterMs: 2_000 })
        : undefined;
    handle.send('one');
    handle.send('two');
    await world.pass(1_999);
    expect(states()).toEqual(['one queued', 'two queued']);
    await world.pass(6_000);
    expect(bodies()).toEqual(['one', 'two']);
  });

  it('[CL138] sends more slowly where it is asked to, says until when, and loses nothing', async () => {
    const { world, ann, id, handle, bodies, states } = await opened();
    let mayAt = world.clock.now() + 20_000;
    const refused: number[] = [];
    world.server.fails = ({ type }) => {
      const waitMs = mayAt - world.clock.now();
      if (type !== 'message.send' || waitMs <= 0) return undefined;
      refused.push(waitMs);
      return new ParleyError('rate_limited', { retryAfterMs: waitMs });
    };
    expect(handle.getSnapshot().slowedUntil).toBeNull();
    for (let i = 1; i <= 4; i++) handle.send(`${i}`);
    await world.flow();
    expect(handle.getSnapshot().slowedUntil).toBe(world.clock.now() + 30_000);
    // A line that is lost meanwhile is no reason to ask sooner.
    await world.pass(10_000);
    ann.network.line?.cut();
    await world.pass(5_000);
    expect(ann.client.connection.getSnapshot().status).toBe('online');
    expect(states()).toEqual(['1 queued', '2 queued', '3 queued', '4 queued']);
    expect(refused).toEqual([20_000]);
    await world.pass(20_000);
    expect(bodies()).toEqual(['1', '2', '3', '4']);
    expect(ann.client.conversation(id).getSnapshot().slowedUntil).toBeNull();
    // Nor does a client that is told to disconnect keep a time that says nothing any more.
    mayAt = world.clock.now() + 20_000;
    handle.send('5');
    await world.flow();
    ann.client.disconnect();
    expect(handle.getSnapshot().slowedUntil).toBeNull();
    mayAt = 0;
    ann.client.connect();
    await world.pass(1_000);
    expect(bodies()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('[CL138] what is read waits as long as it is asked to, as well', async () => {
    const world = new World();
    world.server.create('ann', ['bob']);
    const asked: string[] = [];
    const from = world.clock.now();
    world.server.fails = ({ type }) => {
      if (type === 'hello' || world.clock.now() - from >= 5_000) return undefined;
      asked.push(type);
      return new ParleyError('rate_limited', { retryAfterMs: 5_000 });
    };
    const ann = await world.connected('ann');
    await world.pass(4_800);
    expect(asked.sort()).toEqual(['conversation.list', 'sync']);
    await world.pass(15_000);
    expect(ann.client.conversations.getSnapshot()).toMatchObject({ status: 'ready' });
    expect(asked).toHaveLength(2);
  });

  it('[CL68] keeps what is refused as failed, sends what comes after it, and sends it again when told', async () => {
    const { world, handle, bodies, states } = await opened();
    world.server.fails = (request) =>
      request.type === 'message.send' && request.input.message.body === 'bad'
        ? new ParleyError('not_allowed', { message: 'Not here.' })
        : undefined;
    const id = handle.send('bad');
    handle.send('good');
    await world.pass(1_000);
    expect(states()).toEqual(['good stored', 'bad failed']);
    expect(handle.getSnapshot().messages[1]).toMatchObject({
      id,
      error: { code: 'not_allowed', message: 'Not here.', retryable: false },
    });
    world.server.fails = () => undefined;
    handle.retry(id);
    expect(states()).toEqual(['good stored', 'bad queued']);
    await world.pass(1_000);
    expect(bodies()).toEqual(['good', 'bad']);
    expect(handle.getSnapshot().messages[1]).toMatchObject({ id, state: 'stored' });
    handle.discard(id);
    expect(states()).toEqual(['good stored', 'bad stored']);
  });

  it('[CL68] forgets a failed message when told, and only a failed one', async () => {
    const { world, handle, ann, states } = await opened();
    world.server.fails = ({ type }) =>
      type === 'message.send' ? new ParleyError('not_allowed') : undefined;
    const id = handle.send('bad');
    handle.discard(id);
    expect(states()).toEqual(['bad queued']);
    await world.pass(1_000);
    handle.discard(id);
    expect(states()).toEqual([]);
    ann.client.disconnect();
    expect(world.clock.alarms).toBe(0);
  });

  it('[CL69] throws for a message that could never be sent', async () => {
    const { handle } = await opened();
    expect(() => handle.send('   ')).toThrow(ParleyError);
    expect(() => handle.send('x'.repeat(10_001))).toThrow(ParleyError);
    expect(() => handle.send('x', { replyTo: 'no id' })).toThrow(ParleyError);
    expect(handle.getSnapshot().messages).toEqual([]);
  });

  it('[CL70] what is on its way stays when the history begins anew', async () => {
    const { world, ann, id, handle, states } = await opened();
    handle.send('one');
    await world.flow();
    ann.network.isDown = true;
    world.server.newEpoch();
    handle.send('two');
    for (let i = 0; i < 12; i++) world.server.say('bob', id, `said ${i}`);
    ann.network.isDown = false;
    world.server.fails = ({ type }) =>
      type === 'message.send' ? new ParleyError('unavailable') : undefined;
    await world.pass(2_000);
    expect(states()).toEqual([
      'said 8 stored',
      'said 9 stored',
      'said 10 stored',
      'said 11 stored',
      'two queued',
    ]);
    expect(handle.getSnapshot().hasOlder).toBe(true);
  });
});
