import type { Message, ServerEvent } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenChanged } from '../src/testing/given.ts';
import { createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

type Act =
  | { readonly type: 'say'; readonly who: 'ann' | 'bob' | 'cy' }
  | { readonly type: 'block' | 'unblock'; readonly whom: 'bob' | 'cy'; readonly phone: boolean }
  | { readonly type: 'edit'; readonly seq: number }
  /** Everything before is done before what follows begins. */
  | { readonly type: 'wait' };

const whom = fc.constantFrom('bob' as const, 'cy' as const);
const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constant('say' as const),
      who: fc.constantFrom('ann' as const, 'bob' as const, 'cy' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom('block' as const, 'unblock' as const),
      whom,
      phone: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('edit' as const),
      seq: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ type: 'wait' as const }) },
);

/** A timeline that follows events, and reads anew whenever it is told that a block changed. */
class Timeline {
  readonly #messages = new Map<number, Message>();
  readonly #socket: TestSocket;
  readonly #conversation: string;
  #seen = 0;
  #ended = false;
  readonly #following: Promise<void>;

  constructor(socket: TestSocket, conversation: string) {
    this.#socket = socket;
    this.#conversation = conversation;
    this.#seen = socket.events.length;
    this.#following = this.#follow();
  }

  /** Settles when everything that was told before now is taken. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#following;
  }

  async #follow(): Promise<void> {
    for (;;) {
      const ended = this.#ended;
      await this.#socket.settled();
      const told = this.#socket.events.slice(this.#seen);
      this.#seen += told.length;
      for (const event of told) this.#take(event);
      if (told.some((event) => event.event === 'block.updated')) await this.#read();
      else if (ended) return;
    }
  }

  async #read(): Promise<void> {
    const { messages } = await this.#socket.ask('message.list', {
      conversation: this.#conversation,
    });
    for (const message of messages) this.#keep(message, 0);
  }

  get messages(): Message[] {
    return [...this.#messages.values()].sort((a, b) => a.seq - b.seq);
  }

  #take(event: ServerEvent): void {
    if ('message' in event && event.conversation === this.#conversation)
      this.#keep(event.message, 1);
  }

  #keep(message: Message, newer: 0 | 1): void {
    const known = this.#messages.get(message.seq)?.version ?? 0;
    if (message.version >= known + newer) this.#messages.set(message.seq, message);
  }
}

describe('events and what was read', () => {
  it('[BL50] make what is, on every device, whenever one blocks while others talk', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy']);
    const ann = await tenant.connect('ann');
    const phone = await tenant.connect('ann');
    const others = { ann, bob: await tenant.connect('bob'), cy: await tenant.connect('cy') };
    let hidden = 0;

    const play = async (acts: readonly Act[]) => {
      const { id } = await createGroup(ann, ['bob', 'cy']);
      const timelines = [new Timeline(ann, id), new Timeline(phone, id)];
      let underWay: Promise<unknown>[] = [];
      for (const [i, one] of acts.entries()) {
        switch (one.type) {
          case 'say':
            underWay.push(say(others[one.who], id, `${one.who} ${i}`));
            break;
          case 'block':
          case 'unblock':
            underWay.push(
              (one.phone ? phone : ann).ask(one.type === 'block' ? 'block.add' : 'block.remove', {
                user: one.whom,
              }),
            );
            break;
          case 'edit':
            underWay.push(
              givenChanged({ server, tenant, conversation: id }, one.seq, { body: 'edited' }).catch(
                () => {},
              ),
            );
            break;
          case 'wait':
            await Promise.all(underWay);
            underWay = [];
        }
      }
      await Promise.all(underWay);
      // What was changed aside is told with what follows it.
      const last = await say(ann, id, 'last');
      for (const socket of [ann, phone]) {
        await socket.event('message.created', (event) => event.message.id === last.id);
      }
      const { messages } = await ann.ask('message.list', { conversation: id });
      hidden += messages.filter((message) => message.kind === 'hidden').length;
      for (const timeline of timelines) {
        await timeline.end();
        expect(timeline.messages).toEqual(messages);
      }
    };
    const acts = fc.array(act, { minLength: 6, maxLength: 30 });
    await fc.assert(fc.asyncProperty(acts, play), { numRuns: 40 });
    expect(hidden).toBeGreaterThan(0);
  }, 60_000);
});
