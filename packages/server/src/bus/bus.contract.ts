import {
  accessTopic,
  conversationTopic,
  presenceTopic,
  type Topic,
  userTopic,
} from '@parley/protocol';
import { describe, expect, it } from 'vitest';
import type { AccessEnd, Bus, BusMessage } from './bus.ts';

/** What every bus must do, whatever carries its messages; `open` gives one that is empty. */
export function busContract(name: string, open: () => Promise<Bus>): void {
  const message = (frame: string): BusMessage => ({ type: 'fleeting', frame });

  describe(`bus: ${name}`, () => {
    async function listening() {
      const bus = await open();
      const heard: [string, readonly BusMessage[]][] = [];
      bus.onMessage((topic, messages) => heard.push([topic, messages]));
      return { bus, heard, [Symbol.asyncDispose]: () => bus.close() };
    }

    it('[BU1] hands a publication to the subscribed node before publish returns', async () => {
      await using node = await listening();
      const topic = conversationTopic('acme', 'c1');
      node.bus.subscribe(topic);
      node.bus.publish(topic, [message('one'), message('two')]);
      expect(node.heard).toEqual([[topic, [message('one'), message('two')]]]);
    });

    it('[BU2] carries nothing to a topic that is not, or no longer, subscribed', async () => {
      await using node = await listening();
      const topic = userTopic('acme', 'ann');
      node.bus.publish(topic, [message('before')]);
      node.bus.subscribe(topic);
      node.bus.unsubscribe(topic);
      node.bus.publish(topic, [message('after')]);
      expect(node.heard).toEqual([]);
    });

    it('[BU3] keeps tenants, kinds and odd ids apart', async () => {
      await using node = await listening();
      node.bus.subscribe(userTopic('acme', 'ann'));
      node.bus.publish(userTopic('globex', 'ann'), [message('other tenant')]);
      node.bus.publish(presenceTopic('acme', 'ann'), [message('other kind')]);
      node.bus.publish(userTopic('acme', 'ann:x'), [message('longer id')]);
      expect(node.heard).toEqual([]);
    });

    it('[BU4] subscribing twice hears once', async () => {
      await using node = await listening();
      const topic = conversationTopic('acme', 'c1');
      node.bus.subscribe(topic);
      node.bus.subscribe(topic);
      node.bus.publish(topic, [message('one')]);
      expect(node.heard).toHaveLength(1);
    });

    it('[BU5] keeps the order of publications', async () => {
      await using node = await listening();
      const topic = conversationTopic('acme', 'c1');
      node.bus.subscribe(topic);
      for (let i = 0; i < 100; i++) node.bus.publish(topic, [message(String(i))]);
      const expected = Array.from({ length: 100 }, (_, i) => message(String(i)));
      expect(node.heard.flatMap(([, messages]) => messages)).toEqual(expected);
    });

    it('[BU6] carries the end of access, of one person and of a whole tenant', async () => {
      await using node = await listening();
      const ends: [Topic, AccessEnd][] = [
        [userTopic('acme', 'ann'), { reason: 'revoked', issuedBefore: 1_763_838_000_123 }],
        [userTopic('acme', 'ann'), { reason: 'deactivated', issuedBefore: 1_763_838_000_124 }],
        [accessTopic('acme'), { reason: 'key', registration: 'r1' }],
        [accessTopic('acme'), { reason: 'suspended' }],
      ];
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
