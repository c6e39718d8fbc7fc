import { conversationTopic, userTopic } from '@parley/protocol';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRedis, type Redis } from '../redis/redis.ts';
import { slotOf } from '../redis/slots.ts';
import { type RedisCluster, startRedisCluster } from '../redis/testing/redis-cluster.ts';
import { type RedisServer, startRedis } from '../redis/testing/redis-server.ts';
import { busContract, ListeningNode, sharedBusContract, sign } from './bus.contract.ts';
import { RedisBus } from './redis.ts';

const log = pino({ level: 'silent' });
const topic = conversationTopic('acme', 'c1');

let single: RedisServer;
let cluster: RedisCluster;
beforeAll(async () => {
  [single, cluster] = await Promise.all([startRedis(), startRedisCluster()]);
});
afterAll(async () => {
  await single[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

/** A node's bus, whose connection ends with it. */
class OwnRedisBus extends RedisBus {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    super({ redis, log });
    this.#redis = redis;
  }

  override async close(): Promise<void> {
    await super.close();
    await this.#redis.close();
  }
}

async function open(url: string, waitMs = 5_000) {
  const bus = new OwnRedisBus(await openRedis(url, { log, waitMs }));
  return Object.assign(bus, { [Symbol.asyncDispose]: () => bus.close() });
}

async function listening(url: string, waitMs?: number): Promise<ListeningNode> {
  return new ListeningNode(await open(url, waitMs));
}

const openSingle = () => open(single.url);
const openInCluster = () => open(cluster.url);

busContract('Redis', openSingle);
sharedBusContract('Redis', openSingle);
busContract('Redis cluster', openInCluster);
sharedBusContract('Redis cluster', openInCluster);

describe('bus over a Redis that comes and goes', () => {
  it('[BU12] after Redis was killed, everything is heard again, and told from when on', async () => {
    await using server = await startRedis();
    await using here = await listening(server.url);
    await using there = await listening(server.url);
    const other = userTopic('acme', 'ann');
    await Promise.all([here.listen(topic), there.listen(topic, other)]);
    await server.kill();
    here.bus.publish(topic, [sign('lost')]);
    expect(here.of(topic)).toEqual([sign('lost')]);
    // Wanted while it is away, or no longer.
    const late = userTopic('acme', 'late');
    there.bus.subscribe(late);
    there.bus.unsubscribe(other);
    await server.start();
    // On a busy machine a new line may be lost once more before it is of use.
    await there.until(() => there.timesHearing(topic) >= 2 && there.timesHearing(late) >= 1);
    expect(there.timesHearing(other)).toBe(1);
    await here.until(() => here.timesHearing(topic) >= 2);
    there.bus.publish(topic, [sign('back')]);
    await here.until(() => here.of(topic).length === 2);
    expect(here.of(topic)).toEqual([sign('lost'), sign('back')]);
    expect(here.bus.figures()).toMatchObject({ published: 1, dropped: 1, heard: 1 });
  });

  it('[BU12] a Redis that is away at the start is used as soon as it is there', async () => {
    await using server = await startRedis();
    await server.kill();
    await using here = await listening(server.url, 50);
    await using there = await listening(server.url, 50);
    here.bus.subscribe(topic);
    there.bus.subscribe(topic);
    here.bus.publish(topic, [sign('to nobody')]);
    expect(here.bus.figures()).toMatchObject({ reachable: false });
    await server.start();
    await there.until(() => there.timesHearing(topic) === 1);
    await here.until(() => here.timesHearing(topic) === 1);
    expect(here.bus.figures()).toMatchObject({ reachable: true, published: 1, dropped: 1 });
    here.bus.publish(topic, [sign('to you')]);
    await there.until(() => there.of(topic).length === 1);
  });

  it('[BU12] FLUSHALL takes no subscription away', async () => {
    await using here = await listening(single.url);
    await using there = await listening(single.url);
    await there.listen(topic);
    await single.ask('FLUSHALL');
    here.bus.publish(topic, [sign('still here')]);
    await there.until(() => there.of(topic).length === 1);
  });

  it('[BU17] who has another database of the same Redis is another installation', async () => {
    await using ours = await listening(`${single.url}/1`);
    await using theirs = await listening(`${single.url}/2`);
    await using ourOther = await open(`${single.url}/1`);
    await using theirOther = await open(`${single.url}/2`);
    await Promise.all([ours.listen(topic), theirs.listen(topic)]);
    theirOther.publish(topic, [sign('of them')]);
    await theirs.until(() => theirs.of(topic).length === 1);
    ourOther.publish(topic, [sign('of us')]);
    await ours.until(() => ours.of(topic).length > 0);
    expect(ours.of(topic)).toEqual([sign('of us')]);
    expect(theirs.of(topic)).toEqual([sign('of them')]);
  });

  it('[BU13] while Redis hangs, little is kept and the rest dropped, and nobody waits', async () => {
    await using server = await startRedis();
    await using here = await listening(server.url);
    await using there = await listening(server.url);
    await there.listen(topic);
    server.freeze();
    const frame = 'x'.repeat(60_000);
    for (let i = 0; i < 2_000; i++) {
      here.bus.publish(topic, [sign(frame)]);
      if (i % 100 === 0) await new Promise(setImmediate);
    }
    await new Promise(setImmediate);
    const { published, dropped } = here.bus.figures();
    // 120 MB were said, at most 16 are under way.
    expect(dropped).toBeGreaterThan(published * 0.8);
    server.thaw();
    await there.until(() => there.of(topic).length > 0);
  });

  it('[BU13] a Redis that goes silent is found to be away, and to be back', async () => {
    await using server = await startRedis();
    await using here = await listening(server.url);
    await here.listen(topic);
    expect(here.bus.figures().reachable).toBe(true);
    server.freeze();
    while (here.bus.figures().reachable) await new Promise((resolve) => setTimeout(resolve, 20));
    server.thaw();
    while (!here.bus.figures().reachable) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('[BU14] what is no news, or of a kind that is not known yet, is left out', async () => {
    await using there = await listening(single.url);
    await there.listen(topic);
    const odd = [
      ...['', 'x', '\n', '{}\n', '[1]\n', '[1,"n",{}]\n', 'null\n', '[1,"n",[]]'],
      ...['[2,"n",[{"type":"fleeting","frame":1}]]\nx', '[1,"n",[null,1,"x",{"type":"x"}]]\n'],
      ...['[1,"n",[{"type":"fleeting","frame":9}]]\nshort', '[1,"n",[{"type":"fleeting"}]]\n'],
      '[1,"n",[{"type":"change","version":"1","prev":0,"frame":0}]]\n',
      '[1,"n",[{"type":"access","ended":{"reason":"revoked"}}]]\n',
    ];
    for (const text of odd) await single.ask('PUBLISH', `parley:{${topic}}`, text);
    const told = [
      { type: 'of-tomorrow', frame: 4 },
      { type: 'fleeting', frame: 5, of: 'tomorrow' },
    ];
    const text = `${JSON.stringify([1, 'n', told])}\nnextknown`;
    await single.ask('PUBLISH', `parley:{${topic}}`, text);
    await there.until(() => there.heard.length > 0);
    expect(there.heard).toEqual([[topic, [sign('known')]]]);
  });

  it('[BU15] in a cluster, one topic is one slot', () => {
    const slots = ['c1', 'c1', 'c2'].map((id) => slotOf(`parley:{${conversationTopic('a', id)}}`));
    expect(slots[0]).toBe(slots[1]);
    expect(slots[0]).toBe(slotOf(conversationTopic('a', 'c1')));
    expect(slots[0]).not.toBe(slots[2]);
  });

  it('[BU15] a topic is heard again after its slot moved to another server', async () => {
    await using here = await listening(cluster.url);
    await using there = await listening(cluster.url);
    await Promise.all([here.listen(topic), there.listen(topic)]);
    const slot = slotOf(topic);
    for (const server of cluster.servers) {
      const before = there.timesHearing(topic);
      const owned = here.timesHearing(topic);
      if (!(await cluster.moveSlot(slot, server))) continue;
      await there.until(() => there.timesHearing(topic) > before);
      await here.until(() => here.timesHearing(topic) > owned);
      const heard = there.of(topic).length;
      // The one who publishes may learn of the move a moment later.
      while (there.of(topic).length === heard) {
        here.bus.publish(topic, [sign(`at ${server.port}`)]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    expect(there.of(topic).length).toBeGreaterThan(1);
  });

  it('[BU15] a cluster of which one server is away carries the rest, and all when it is back', async () => {
    await using own = await startRedisCluster();
    await using here = await listening(own.url);
    await using there = await listening(own.url);
    const topics = Array.from({ length: 30 }, (_, i) => conversationTopic('acme', `c${i}`));
    await there.listen(...topics);
    const [gone] = own.servers;
    await gone?.kill();
    const isGone = (one: string) => slotOf(one) < 16_384 / 3;
    for (const one of topics) here.bus.publish(one, [sign('one')]);
    for (const one of topics.filter((each) => !isGone(each))) {
      await there.until(() => there.of(one).length === 1);
    }
    expect(topics.filter(isGone).flatMap((one) => there.of(one))).toEqual([]);
    await gone?.start();
    for (const one of topics.filter(isGone)) {
      await there.until(() => there.timesHearing(one) === 2);
    }
  });

  it('[BU15] when a replica takes over for a server that died, its topics are heard there', async () => {
    await using own = await startRedisCluster();
    const slot = slotOf(topic);
    const master = own.servers[Math.floor((slot * 3) / 16_384)];
    if (master === undefined) throw new Error('Nobody serves the slot.');
    await own.addReplica(master);
    await using here = await listening(own.url);
    await using there = await listening(own.url);
    await Promise.all([here.listen(topic), there.listen(topic)]);
    await master.kill();
    await there.until(() => there.timesHearing(topic) > 1);
    await here.until(() => here.timesHearing(topic) > 1);
    while (there.of(topic).length === 0) {
      here.bus.publish(topic, [sign('by another server')]);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(here.bus.figures().reachable).toBe(true);
  });
});
