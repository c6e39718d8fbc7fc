import {
  accessTopic,
  conversationTopic,
  presenceTopic,
  type Topic,
  userTopic,
} from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import type { AccessEnd, Bus, BusMessage } from './bus.ts';

/** Gives buses that are one bus to their nodes; a test closes those that it was given. */
export type OpenBus = () => Promise<Bus>;

/** A node of a test, and what it has heard. */
export class ListeningNode implements AsyncDisposable {
  readonly bus: Bus;
  readonly heard: [Topic, readonly BusMessage[]][] = [];
  readonly #hearing = new Map<Topic, number>();
  #told: () => void = () => {};

  constructor(bus: Bus) {
    this.bus = bus;
    bus.onMessage((topic, messages) => {
      this.heard.push([topic, messages]);
      this.#told();
    });
    bus.onHearing((topics) => {
      for (const topic of topics) this.#hearing.set(topic, this.timesHearing(topic) + 1);
      this.#told();
    });
  }

  /** All messages of a topic, in the order in which they came. */
  of(topic: Topic): BusMessage[] {
    return this.heard.filter(([one]) => one === topic).flatMap(([, messages]) => messages);
  }

  /** How often it was told that the topic is heard from now on. */
  timesHearing(topic: Topic): number {
    return this.#hearing.get(topic) ?? 0;
  }

  /** Settles when what was heard is so. */
  async until(isSo: () => boolean): Promise<void> {
    while (!isSo()) {
      await new Promise<void>((resolve) => {
        this.#told = resolve;
      });
    }
  }

  /** Subscribes, and settles when that has taken effect. */
  async listen(...topics: readonly Topic[]): Promise<void> {
    const before = topics.map((topic) => [topic, this.timesHearing(topic)] as const);
    for (const topic of topics) this.bus.subscribe(topic);
    await this.until(() => before.every(([topic, times]) => this.timesHearing(topic) > times));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.bus.close();
  }
}

/** What every bus must do for its own node, whatever carries its messages. */
export function busContract(name: string, open: OpenBus): void {
  const listening = async () => new ListeningNode(await open());

  describe(`bus: ${name}`, () => {
    it('[BU1] hands a publication to the subscribed node before publish returns', async () => {
      await using node = await listening();
      const topic = conversationTopic('acme', 'c1');
      node.bus.subscribe(topic);
      node.bus.publish(topic, [sign('one'), sign('two')]);
      expect(node.heard).toEqual([[topic, [sign('one'), sign('two')]]]);
    });

    it('[BU2] carries nothing to a topic that is not, or no longer, subscribed', async () => {
      await using node = await listening();
      const topic = userTopic('acme', 'ann');
      node.bus.publish(topic, [sign('before')]);
      node.bus.subscribe(topic);
      node.bus.unsubscribe(topic);
      node.bus.publish(topic, [sign('after')]);
      expect(node.heard).toEqual([]);
    });

    it('[BU3] keeps tenants, kinds and odd ids apart', async () => {
      await using node = await listening();
      node.bus.subscribe(userTopic('acme', 'ann'));
      node.bus.publish(userTopic('globex', 'ann'), [sign('other tenant')]);
      node.bus.publish(presenceTopic('acme', 'ann'), [sign('other kind')]);
      node.bus.publish(userTopic('acme', 'ann:x'), [sign('longer id')]);
      expect(node.heard).toEqual([]);
    });

    it('[BU4] subscribing twice hears once', async () => {
      await using node = await listening();
      const topic = conversationTopic('acme', 'c1');
      node.bus.subscribe(topic);
      node.bus.subscribe(topic);
      node.bus.publish(topic, [sign('one')]);
      expect(node.heard).toHaveLength(1);
    });

    it('[BU5] keeps the order of publications', async () => {
      await using node = await listening();
      const topic = conversationTopic('acme', 'c1');
      node.bus.subscribe(topic);
      for (let i = 0; i < 100; i++) node.bus.publish(topic, [sign(String(i))]);
      expect(node.of(topic)).toEqual(signs(100));
    });

    it('[BU6] carries the end of access, of one person and of a whole tenant', async () => {
      await using node = await listening();
      node.bus.subscribe(userTopic('acme', 'ann'));
      node.bus.subscribe(accessTopic('acme'));
      for (const [topic, ended] of ends) node.bus.publish(topic, [{ type: 'access', ended }]);
      node.bus.publish(accessTopic('globex'), [{ type: 'access', ended: { reason: 'suspended' } }]);
      expect(node.heard).toEqual(
        ends.map(([topic, ended]) => [topic, [{ type: 'access', ended }]]),
      );
    });
  });
}

/** What every bus must do that carries messages between nodes, beside what it does for its own. */
export function sharedBusContract(name: string, open: OpenBus): void {
  const listening = async () => new ListeningNode(await open());

  describe(`bus between nodes: ${name}`, () => {
    it('[BU7] what one node publishes, the others hear as it was said', async () => {
      await using here = await listening();
      await using there = await listening();
      await using third = await listening();
      const topics = [conversationTopic('acme', 'c1'), userTopic('acme', 'ann')] as const;
      const [conversation, person] = topics;
      await Promise.all([there.listen(...topics), third.listen(...topics)]);
      here.bus.publish(conversation, allMessages);
      here.bus.publish(person, allMessages.slice(3));
      for (const node of [there, third]) {
        await node.until(() => node.of(person).length === allMessages.length - 3);
        await node.until(() => node.of(conversation).length === allMessages.length);
        expect(node.of(conversation)).toEqual(allMessages);
        expect(node.of(person)).toEqual(allMessages.slice(3));
      }
      // Who published and is not subscribed hears nothing.
      expect(here.heard).toEqual([]);
    });

    it('[BU7] a message of the greatest size comes whole, and so do many at once', async () => {
      await using here = await listening();
      await using there = await listening();
      const topic = conversationTopic('acme', 'c1');
      await there.listen(topic);
      const frames = ['x\n"ü€😀'.repeat(8_000), '', `{"lone":"${'\u2028'}"}`, 'y'.repeat(65_536)];
      const messages = Array.from({ length: 40 }, (_, i) => sign(frames[i % 4] ?? ''));
      here.bus.publish(topic, messages);
      await there.until(() => there.of(topic).length === messages.length);
      expect(there.of(topic)).toEqual(messages);
    });

    it('[BU8] the order of one node’s publications on a topic is kept', async () => {
      await using here = await listening();
      await using there = await listening();
      const topics = Array.from({ length: 20 }, (_, i) => conversationTopic('acme', `c${i}`));
      await there.listen(...topics);
      for (let i = 0; i < 200; i++) {
        for (const topic of topics) here.bus.publish(topic, [sign(String(i))]);
        if (i % 50 === 0) await new Promise(setImmediate);
      }
      for (const topic of topics) {
        await there.until(() => there.of(topic).length === 200);
        expect(there.of(topic)).toEqual(signs(200));
      }
    });

    it('[BU9] tenants, kinds and odd ids stay apart, and what is no longer subscribed is not heard', async () => {
      await using here = await listening();
      await using there = await listening();
      const odd = ['ann', 'ann:x', '{ann', 'ann}', '{}', 'a b', '*', 'ä', '{x}y', '{x}z'];
      const topics = odd.map((id) => userTopic('acme', id));
      const left = conversationTopic('acme', 'left');
      await there.listen(left, ...topics);
      there.bus.unsubscribe(left);
      here.bus.publish(left, [sign('late')]);
      for (const id of odd) {
        here.bus.publish(userTopic('globex', id), [sign('other tenant')]);
        here.bus.publish(presenceTopic('acme', id), [sign('other kind')]);
        here.bus.publish(userTopic('acme', id), [sign(id)]);
      }
      for (const topic of topics) await there.until(() => there.of(topic).length > 0);
      const expected = odd.map((id) => [userTopic('acme', id), [sign(id)]]);
      expect(there.heard.toSorted(byTopic)).toEqual(expected.toSorted(byTopic));
    });

    it('[BU10] a node hears its own publication once, though it also comes back', async () => {
      await using here = await listening();
      await using there = await listening();
      const topic = conversationTopic('acme', 'c1');
      await Promise.all([here.listen(topic), there.listen(topic)]);
      here.bus.publish(topic, [sign('mine')]);
      expect(here.of(topic)).toEqual([sign('mine')]);
      await there.until(() => there.of(topic).length > 0);
      there.bus.publish(topic, [sign('theirs')]);
      await here.until(() => here.of(topic).length > 1);
      expect(here.of(topic)).toEqual([sign('mine'), sign('theirs')]);
    });

    it('[BU11] tells from when on a topic is heard, unless nobody wants it any more', async () => {
      await using here = await listening();
      await using there = await listening();
      const dropped = conversationTopic('acme', 'dropped');
      const again = conversationTopic('acme', 'again');
      there.bus.subscribe(dropped);
      there.bus.unsubscribe(dropped);
      await there.listen(again);
      expect(there.timesHearing(dropped)).toBe(0);
      // Left, which has taken effect by the time that something else is heard; and entered again.
      there.bus.unsubscribe(again);
      await there.listen(conversationTopic('acme', 'other'));
      await there.listen(again);
      expect(there.timesHearing(again)).toBe(2);
      here.bus.publish(again, [sign('again')]);
      await there.until(() => there.of(again).length === 1);
    });
  });
}

/** A fleeting message. */
export function sign(frame: string): BusMessage {
  return { type: 'fleeting', frame };
}

function signs(count: number): BusMessage[] {
  return Array.from({ length: count }, (_, i) => sign(String(i)));
}

const ends: readonly [Topic, AccessEnd][] = [
  [userTopic('acme', 'ann'), { reason: 'revoked', issuedBefore: 1_763_838_000_123 }],
  [userTopic('acme', 'ann'), { reason: 'deactivated', issuedBefore: 1_763_838_000_124 }],
  [accessTopic('acme'), { reason: 'key', registration: 'r1' }],
  [accessTopic('acme'), { reason: 'suspended' }],
];

/** A new kind of message is not forgotten here. */
const oneOfEach = {
  change: { type: 'change', version: 2, prev: 1, frame: '{"event":"a"}' },
  fleeting: { type: 'fleeting', except: ['ann', 'bob'], sender: 'cy', only: 'dee', frame: '{}' },
  presence: {
    type: 'presence',
    user: 'ann',
    online: false,
    lastSeenAt: '2026-01-02T03:04:05.678Z',
    turn: 1_763_838_000_123_456,
    except: ['bob'],
  },
  'direct-block': { type: 'direct-block', blocked: true },
  reach: { type: 'reach' },
  joined: { type: 'joined', conversation: 'c', version: 3, lastSeq: 0, me: 7, frame: '{"j":1}' },
  left: { type: 'left', conversation: 'c', version: 4, me: 8, frame: '{"l":1}' },
  block: { type: 'block', user: 'bob', blocked: false, me: 9, frame: '{"b":1}' },
  access: { type: 'access', ended: { reason: 'suspended' } },
} satisfies Readonly<Record<BusMessage['type'], BusMessage>>;

const allMessages: readonly BusMessage[] = [
  ...Object.values(oneOfEach),
  { ...oneOfEach.presence, online: true, lastSeenAt: null },
  { type: 'change', version: 9, prev: 2, seq: 4, left: 'ann', sender: 'bob', frame: '"ü😀"' },
  ...ends.map(([, ended]): BusMessage => ({ type: 'access', ended })),
];

function byTopic([a]: readonly unknown[], [b]: readonly unknown[]): number {
  return String(a) < String(b) ? -1 : 1;
}
