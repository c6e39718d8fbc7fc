import { limits, newId } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  answerOf,
  changesHeard,
  createDirect,
  createGroup,
  expectUnbroken,
  say,
} from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function annAndBob() {
  const tenant = await server.tenant(['ann', 'bob', 'cy']);
  const ann = await tenant.connect('ann');
  const bob = await tenant.connect('bob');
  const { id } = await createGroup(ann, ['bob']);
  return { tenant, ann, bob, id };
}

describe('a body', () => {
  it('[MS10] is trimmed, and kept as it is otherwise', async () => {
    const { ann, bob, id } = await annAndBob();
    const bodies = [
      'x',
      '0',
      'null',
      ' \t\n two\n\n  lines \r\n',
      '<script>alert(1)</script>',
      "'; drop table message; --",
      'e\u0301',
      '\u{1f468}\u200d\u{1f469}\u200d\u{1f467}',
      'שלום \u202e',
      '\u0001\u001f\u007f',
      '\\u0000',
      '"',
      '\ufffd',
      '{"event":"message.created"}',
      '\u2028\u2029x',
    ];
    for (const body of bodies) await say(ann, id, body);
    const { messages } = await bob.ask('message.list', { conversation: id });
    expect(messages.map((one) => one.body)).toEqual(bodies.map((body) => body.trim()));
    await bob.settled();
    const heard = changesHeard(bob, id).flatMap((one) =>
      one.event === 'message.created' ? [one.message] : [],
    );
    expect(heard).toEqual(messages);
  });

  it('[MS11] has 1 to 10,000 characters, counted in code points after trimming', async () => {
    const { ann, id } = await annAndBob();
    const { bodyCodePoints } = limits;
    const longest = ['x', 'ä', '漢', '\u{1f600}'].map((char) => char.repeat(bodyCodePoints));
    for (const body of longest) {
      await say(ann, id, ` ${body}\n`);
      await expect(say(ann, id, `${body}x`)).rejects.toMatchObject({
        code: 'bad_request',
        field: 'message.body',
      });
    }
    const { messages } = await ann.ask('message.list', { conversation: id });
    expect(messages.map((one) => one.body)).toEqual(longest);
  });

  it('[MS12] that is empty, holds U+0000 or half a pair, or is no text, is refused', async () => {
    const { ann, bob, id } = await annAndBob();
    const bodies = [
      '',
      ' ',
      '\n\t\u00a0\ufeff\u2003',
      '\u0000',
      'a\u0000b',
      '\ud83d',
      'a\ude00',
      '\ude00\ud83d',
      null,
      undefined,
      7,
      true,
      ['x'],
      { body: 'x' },
    ];
    for (const body of bodies) {
      const frame = { type: 'message.send', conversation: id, message: { id: newId(), body } };
      const reply = await ann.reply(frame);
      expect(reply.error, JSON.stringify(body)).toMatchObject({
        code: 'bad_request',
        field: 'message.body',
      });
    }
    await bob.settled();
    expect(changesHeard(bob, id)).toEqual([]);
    expect((await say(ann, id, 'first')).seq).toBe(1);
  });
});

describe('an id', () => {
  it('[MS13] is the same in capitals', async () => {
    const { ann, bob, id } = await annAndBob();
    const first = await say(ann, id, 'once');
    const again = await say(ann, id.toUpperCase(), 'once', { id: first.id.toUpperCase() });
    expect({ ...again, id: first.id }).toEqual(first);
    const event = await bob.event('message.created');
    expect([event.conversation, event.message.id]).toEqual([id, first.id]);
  });

  it('[MS14] with the same content is the stored message, with other content id_reused', async () => {
    const { ann, bob, id } = await annAndBob();
    const quoted = await say(ann, id, 'quoted');
    const first = await say(ann, id, 'content', { reply_to: quoted.id });
    const same = await say(ann, id, ' content\n', {
      id: first.id,
      reply_to: quoted.id.toUpperCase(),
    });
    expect(same).toEqual(first);
    const others = [
      () => say(ann, id, 'Content', { id: first.id, reply_to: quoted.id }),
      () => say(ann, id, 'content', { id: first.id }),
      () => say(ann, id, 'content', { id: first.id, reply_to: first.id }),
      () => say(ann, id, 'content', { id: quoted.id }),
      () => say(bob, id, 'content', { id: first.id, reply_to: quoted.id }),
      () => say(bob, id, 'quoted', { id: quoted.id }),
    ];
    for (const other of others) {
      await expect(other(), String(other)).rejects.toMatchObject({ code: 'id_reused' });
    }
    await bob.settled();
    expect(changesHeard(bob, id)).toHaveLength(2);
  });

  it('[MS15] of an act cannot be taken for a message', async () => {
    const { ann, id } = await annAndBob();
    await ann.ask('conversation.update', { conversation: id, name: 'Named' });
    const { messages } = await ann.ask('message.list', { conversation: id });
    await expect(say(ann, id, 'mine', { id: messages[0]?.id ?? '' })).rejects.toMatchObject({
      code: 'id_reused',
    });
  });

  it('[MS16] names a message of one conversation: elsewhere it is another one', async () => {
    const { ann, id } = await annAndBob();
    const direct = await createDirect(ann, 'bob');
    const first = await say(ann, id, 'here');
    const second = await say(ann, direct.id, 'there', { id: first.id });
    expect(second).toMatchObject({ id: first.id, seq: 1 });
  });

  it('[MS17] asks for membership first: the repeat of somebody removed is not_found', async () => {
    const { ann, bob, id } = await annAndBob();
    const first = await say(bob, id, 'content');
    await ann.ask('member.remove', { conversation: id, user: 'bob' });
    const repeat = (body: string, message = first.id) =>
      answerOf(bob, { type: 'message.send', conversation: id, message: { id: message, body } });
    const answers = [
      await repeat('content'),
      await repeat('other'),
      await repeat('content', newId()),
    ];
    expect(new Set(answers).size).toBe(1);
    expect(answers[0]).toContain('"code":"not_found"');
    // Back again, it is the stored one, though it was said before the joining.
    await ann.ask('member.add', { conversation: id, users: ['bob'] });
    expect(await say(bob, id, 'content', { id: first.id })).toEqual(first);
  });
});

describe('a reply', () => {
  it('[MS18] quotes what its sender can see in the same conversation, an act too', async () => {
    const { ann, bob, id } = await annAndBob();
    await ann.ask('conversation.update', { conversation: id, name: 'Named' });
    const { messages } = await ann.ask('message.list', { conversation: id });
    const act = messages[0]?.id ?? '';
    const reply = await say(bob, id, 'nice name', { reply_to: act.toUpperCase() });
    const event = await ann.event('message.created', (one) => one.message.id === reply.id);
    expect(event.message.reply_to).toBe(act);
    const direct = await createDirect(ann, 'bob');
    const elsewhere = await say(ann, direct.id, 'elsewhere');
    for (const reply_to of [newId(), elsewhere.id]) {
      await expect(say(ann, id, 'what?', { reply_to })).rejects.toMatchObject({
        code: 'not_found',
        field: 'message.reply_to',
      });
    }
    const own = newId();
    await expect(say(ann, id, 'myself', { id: own, reply_to: own })).rejects.toMatchObject({
      code: 'not_found',
    });
    for (const reply_to of ['', 'x', 7, {}, 'g'.repeat(36)]) {
      const message = { id: newId(), body: 'x', reply_to };
      const { error } = await ann.reply({ type: 'message.send', conversation: id, message });
      expect(error).toMatchObject({ code: 'bad_request', field: 'message.reply_to' });
    }
    expect((await say(ann, id, 'next')).seq).toBe(3);
  });

  it('[MS19] may follow what it quotes in the same moment', async () => {
    const { ann, bob, id } = await annAndBob();
    const first = newId();
    const sends = [
      say(ann, id, 'question', { id: first }),
      say(ann, id, 'answer', { reply_to: first }),
      say(ann, id, 'to nothing', { reply_to: newId() }).catch((error: unknown) => error),
      say(ann, id, 'after'),
    ];
    expect(await Promise.all(sends)).toMatchObject([
      { seq: 1 },
      { seq: 2 },
      { code: 'not_found' },
      { seq: 3 },
    ]);
    await bob.event('message.created', (one) => one.message.seq === 3);
    expectUnbroken(changesHeard(bob, id));
  });
});

describe('sending', () => {
  it('[MS20] keeps the order of one connection, however fast it sends', async () => {
    const { ann, bob, id } = await annAndBob();
    const sent = await Promise.all(Array.from({ length: 300 }, (_, i) => say(ann, id, `${i}`)));
    expect(sent.map((one) => one.seq)).toEqual(sent.map((_, i) => i + 1));
    await bob.event('message.created', (one) => one.message.seq === 300);
    const heard = changesHeard(bob, id);
    expect(heard.map((one) => one.event === 'message.created' && one.message.body)).toEqual(
      sent.map((_, i) => `${i}`),
    );
  });

  it('[MS21] of one bad message does not hurt those that go with it', async () => {
    const { ann, bob, id } = await annAndBob();
    const elsewhere = newId();
    const sends = Array.from({ length: 40 }, (_, i) =>
      say(ann, i % 4 === 3 ? elsewhere : id, `${i}`).catch((error: unknown) => error),
    );
    const results = await Promise.all(sends);
    expect(results.filter((one) => one instanceof Error)).toHaveLength(10);
    await bob.event('message.created', (one) => one.message.seq === 30);
    expectUnbroken(changesHeard(bob, id));
    expect(changesHeard(bob, id)).toHaveLength(30);
  });
});
