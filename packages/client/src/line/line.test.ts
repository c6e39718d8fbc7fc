import { describe, expect, it } from 'vitest';
import { FakeClock, settled } from '../testing/fake-clock.ts';
import { FakeNetwork } from '../testing/fake-network.ts';
import { Line } from './line.ts';

function lineOn(clock: FakeClock) {
  const told: unknown[] = [];
  const frames: string[] = [];
  const network = new FakeNetwork({
    opened: () => {},
    frame: (_, text) => frames.push(text),
    closed: () => {},
  });
  const env = {
    ...clock,
    random: Math.random,
    connect: network.connect,
    device: { isOnline: () => true, listen: () => () => {} },
  };
  const line = new Line(env, 'ws://test', {
    opened: () => told.push('opened'),
    event: (event) => told.push(event),
    closed: (code) => told.push(code),
    doubted: () => told.push('doubted'),
  });
  const { line: wire = expect.unreachable() } = network;
  wire.open();
  return { line, wire, told, frames };
}

describe('a line', () => {
  it('[CL60] gives each request the reply with its id, in whatever order they come', async () => {
    const { line, wire, frames } = lineOn(new FakeClock());
    const first = line.request('ping', {});
    const second = line.request('conversation.leave', { conversation: 'c' });
    wire.letToServer();
    wire.letToServer();
    expect(frames.map((text) => JSON.parse(text))).toEqual([
      { id: 1, type: 'ping' },
      { id: 2, type: 'conversation.leave', conversation: 'c' },
    ]);
    wire.toClient.push('{"id":2,"result":{"version":7}}', '{"id":1,"result":{}}');
    wire.letToClient();
    expect(await second).toEqual({ version: 7 });
    wire.letToClient();
    expect(await first).toEqual({});
  });

  it('[CL60] rejects with the error of the server, and knows newer codes by whether they pass', async () => {
    const { line, wire } = lineOn(new FakeClock());
    const requests = [line.request('ping', {}), line.request('ping', {}), line.request('ping', {})];
    wire.toClient.push(
      '{"id":1,"error":{"code":"rate_limited","message":"Slow.","retryable":true,"retry_after_ms":9}}',
      '{"id":2,"error":{"code":"brand_new","message":"New.","retryable":true}}',
      '{"id":3,"error":{"code":"constructor","message":"Newer.","retryable":false,"field":"x"}}',
    );
    while (wire.letToClient());
    const outcomes = await Promise.allSettled(requests);
    expect(outcomes).toMatchObject([
      { reason: { code: 'rate_limited', message: 'Slow.', retryAfterMs: 9, retryable: true } },
      { reason: { code: 'unavailable', message: 'New.', retryable: true } },
      { reason: { code: 'bad_request', message: 'Newer.', retryable: false, field: 'x' } },
    ]);
  });

  it('[CL61] gives a request up after 15 s, and takes no notice of the late reply', async () => {
    const clock = new FakeClock();
    const { line, wire } = lineOn(clock);
    const request = line.request('ping', {});
    const outcome = expect(request).rejects.toMatchObject({ code: 'unavailable' });
    await clock.advance(15_000);
    await outcome;
    wire.toClient.push('{"id":1,"result":{}}');
    expect(wire.letToClient()).toBe(true);
    expect(clock.alarms).toBe(0);
  });

  it('[CL61] rejects what is under way when it ends, and tells of the end once', async () => {
    const clock = new FakeClock();
    const { line, wire, told } = lineOn(clock);
    const outcome = expect(line.request('ping', {})).rejects.toMatchObject({ code: 'unavailable' });
    wire.cut(1012);
    await outcome;
    await expect(line.request('ping', {})).rejects.toMatchObject({ code: 'unavailable' });
    line.close();
    await settled();
    expect(told).toEqual(['opened', 1012]);
    expect(clock.alarms).toBe(0);
  });

  it('[CL62] does not send a frame for which the server would close the line', async () => {
    const { line, wire } = lineOn(new FakeClock());
    const users = Array.from({ length: 1_000 }, (_, i) => `${'ä'.repeat(40)}${i}`);
    await expect(line.request('presence.watch', { users })).rejects.toMatchObject({
      code: 'too_large',
    });
    expect(wire.toServer).toEqual([]);
  });

  it('[CL63] takes no harm from frames that it does not understand', async () => {
    const { wire, told } = lineOn(new FakeClock());
    wire.toClient.push('no JSON', '[]', 'null', '7', '{}', '{"id":"x","result":1}', '{"id":99}');
    wire.toClient.push('{"error":{"code":"bad_request"}}', '{"event":"brand.new"}');
    while (wire.letToClient());
    expect(told).toEqual(['opened', { event: 'brand.new' }]);
  });

  it('[CL140] is in doubt when a request waits and nothing was heard since', async () => {
    const clock = new FakeClock();
    const { line, wire, told } = lineOn(clock);
    line.request('user.search', { text: 'x' }).catch(() => {});
    await clock.advance(3_999);
    expect(told).toEqual(['opened']);
    await clock.advance(1);
    expect(told).toEqual(['opened', 'doubted']);

    line.request('user.search', { text: 'x' }).catch(() => {});
    await clock.advance(2_000);
    wire.toClient.push('{"event":"drain","retry_after_ms":1}');
    wire.letToClient();
    await clock.advance(2_000);
    expect(told.filter((one) => one === 'doubted')).toHaveLength(1);
  });
});
