import { limits, ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

function watches(world: World): (readonly string[])[] {
  return world.server.taken.flatMap((request) =>
    request.type === 'presence.watch' ? [request.input.users] : [],
  );
}

describe('presence', () => {
  it('[CL75] watchers share a watch, asked for together, ended with the last of them', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    await world.connected('bob');
    const { presence } = ann.client;
    const stop = presence.watch(['bob', 'cy']);
    const stopOther = presence.watch(['bob', 'bob']);
    await world.pass(100);
    expect(watches(world)).toEqual([['bob', 'cy']]);
    expect(presence.getSnapshot()).toEqual({
      bob: { online: true, last_seen_at: null },
      cy: { online: false, last_seen_at: null },
    });
    stop();
    stop();
    await world.pass(100);
    expect(Object.keys(presence.getSnapshot())).toEqual(['bob']);
    stopOther();
    await world.pass(100);
    expect(presence.getSnapshot()).toEqual({});
    expect(world.server.taken.filter(({ type }) => type === 'presence.unwatch')).toHaveLength(2);
  });

  it('[CL76] asks again after a cut, and in calls that fit a frame', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    const people = Array.from(
      { length: limits.watchedPeople + 5 },
      (_, i) => `${'ä'.repeat(120)}${i}`,
    );
    ann.client.presence.watch(people);
    await world.pass(200);
    expect(watches(world)).toHaveLength(10);
    ann.network.line?.cut();
    await world.pass(1_000);
    expect(watches(world)).toHaveLength(20);
    expect(Object.keys(ann.client.presence.getSnapshot())).toHaveLength(limits.watchedPeople);
  });

  it('[CL77] an event that comes before the answer is the newer of the two', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    ann.client.presence.watch(['bob']);
    await world.clock.advance(50);
    ann.network.line?.letToServer();
    const event = { event: 'presence', user: 'bob', online: true, last_seen_at: null } as const;
    ann.network.line?.toClient.unshift(JSON.stringify(event));
    await world.flow();
    expect(ann.client.presence.getSnapshot()).toEqual({
      bob: { online: true, last_seen_at: null },
    });
    world.server.tell('ann', { ...event, user: 'cy' });
    await world.flow();
    expect(Object.keys(ann.client.presence.getSnapshot())).toEqual(['bob']);
  });

  it('[CL76] tries again what may pass', async () => {
    const world = new World();
    const ann = await world.connected('ann');
    let failures = 2;
    world.server.fails = ({ type }) =>
      type === 'presence.watch' && failures-- > 0 ? new ParleyError('unavailable') : undefined;
    ann.client.presence.watch(['bob']);
    await world.pass(5_000);
    expect(Object.keys(ann.client.presence.getSnapshot())).toEqual(['bob']);
  });
});
