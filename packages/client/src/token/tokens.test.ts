import { ParleyError } from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import { World } from '../testing/world.ts';

describe('the token', () => {
  it('[CL55] is asked for once, kept over a cut, and renewed on the same line before it ends', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', async () => {
      asked++;
      return 'ann';
    });
    ann.client.connect();
    await world.pass(1_000);
    ann.network.line?.cut();
    await world.pass(1_000);
    expect(asked).toBe(1);
    await world.pass(3_600_000);
    expect(asked).toBe(2);
    expect(world.server.taken.filter(({ type }) => type === 'token.refresh')).toHaveLength(1);
    expect(ann.network.lines).toHaveLength(2);
  });

  it('[CL55] goes by the time left, not by the clock of the device', async () => {
    const world = new World();
    const ann = world.device('ann');
    world.server.aheadMs = 5 * 3_600_000;
    ann.client.connect();
    await world.pass(2_000_000);
    expect(world.server.taken.filter(({ type }) => type === 'token.refresh')).toHaveLength(0);
    await world.pass(1_600_000);
    expect(world.server.taken.filter(({ type }) => type === 'token.refresh')).toHaveLength(1);
  });

  it('[CL56] a close with 4001 brings a new token', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', async () => {
      asked++;
      return 'ann';
    });
    ann.client.connect();
    await world.pass(1_000);
    ann.network.line?.cut(4001);
    await world.pass(1_000);
    expect(asked).toBe(2);
    expect(ann.client.connection.getSnapshot().status).toBe('online');
  });

  it('[CL57] a provider that fails is asked again, with pauses', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', async () => {
      if (++asked < 4) throw new Error('The network is down.');
      return 'ann';
    });
    ann.client.connect();
    await world.flow();
    expect(ann.client.connection.getSnapshot().status).toBe('waiting');
    await world.pass(10_000);
    expect(asked).toBe(4);
    expect(ann.client.connection.getSnapshot().status).toBe('online');
  });

  it('[CL57] a provider that refuses ends it', async () => {
    const world = new World();
    const ann = world.device('ann', async () => {
      throw new ParleyError('unauthorized', { message: 'You are signed out.' });
    });
    ann.client.connect();
    await world.flow();
    expect(ann.client.connection.getSnapshot()).toEqual({
      status: 'closed',
      reason: 'refused',
      message: 'You are signed out.',
    });
    expect(world.clock.alarms).toBe(0);
  });

  it('[CL57] a provider that refuses the renewal ends it as well', async () => {
    const world = new World();
    let signedIn = true;
    const ann = world.device('ann', async () => {
      if (signedIn) return 'ann';
      throw new ParleyError('unauthorized', { message: 'You are signed out.' });
    });
    ann.client.connect();
    await world.flow();
    signedIn = false;
    await world.pass(3_600_000);
    expect(ann.client.connection.getSnapshot()).toMatchObject({ message: 'You are signed out.' });
    expect(world.clock.alarms).toBe(0);
  });

  it('[CL57] a renewal that fails is tried again on the same line', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', async () => {
      if (++asked === 2) throw new Error('The network is down.');
      return 'ann';
    });
    ann.client.connect();
    await world.pass(3_600_000);
    expect(asked).toBe(3);
    expect(ann.network.lines).toHaveLength(1);
  });

  it('[CL58] four tokens in a row that the server does not take end it', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', async () => `nobody ${asked++}`);
    ann.client.connect();
    await world.pass(30_000);
    expect(asked).toBe(4);
    expect(ann.client.connection.getSnapshot()).toMatchObject({
      status: 'closed',
      reason: 'refused',
    });
  });

  it('[CL58] after one that was refused it brings the next in another second', async () => {
    const world = new World();
    const asked: number[] = [];
    const ann = world.device('ann', async () => {
      asked.push(world.clock.now());
      return asked.length === 1 ? 'ann' : `too old ${asked.length}`;
    });
    ann.client.connect();
    await world.pass(10_000);
    for (let i = 0; i < 100; i++) {
      ann.network.line?.cut(4001);
      await world.pass(100);
    }
    expect(asked).toHaveLength(4);
    const pauses = asked.map((at, i) => at - (asked[i - 1] ?? 0));
    for (const pause of pauses.slice(2)) expect(pause).toBeGreaterThanOrEqual(1_000);
  });

  it('[CL59] a provider that hangs is given up, and asked again', async () => {
    const world = new World();
    let asked = 0;
    const ann = world.device('ann', () =>
      ++asked === 1 ? new Promise<string>(() => {}) : Promise.resolve('ann'),
    );
    ann.client.connect();
    await world.pass(29_000);
    ann.client.connect();
    expect(asked).toBe(1);
    await world.pass(2_000);
    expect(asked).toBe(2);
    expect(ann.client.connection.getSnapshot().status).toBe('online');
  });
});
