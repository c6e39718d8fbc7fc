import { limits } from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenMembers, givenPeople } from '../src/testing/given.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, type TestServer } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

async function allPages(socket: TestSocket, conversation: string, limit?: number) {
  const pages: string[][] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await socket.ask('member.list', {
      conversation,
      ...(cursor === undefined ? {} : { cursor }),
      ...(limit === undefined ? {} : { limit }),
    });
    pages.push(page.members.map((one) => one.id));
    if (page.cursor === null) return pages;
    cursor = page.cursor;
  }
}

describe('member.list', () => {
  it('[MB20] pages through everybody once, in the order of ids', async () => {
    const tenant = await server.tenant(['ann']);
    const people = await givenPeople(server, tenant, 119);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, []);
    await givenMembers({ server, tenant, conversation: id }, people);
    const everybody = ['ann', ...people];
    const pages = await allPages(ann, id);
    expect(pages.map((page) => page.length)).toEqual([limits.page, limits.page, 20]);
    expect(pages.flat()).toEqual(everybody);
    // A full last page is the last.
    expect((await allPages(ann, id, 40)).map((page) => page.length)).toEqual([40, 40, 40]);
    const { conversation } = await ann.ask('conversation.get', { conversation: id });
    expect(conversation.member_count).toBe(120);
    expect(conversation.members.map((one) => one.id)).toEqual(everybody.slice(0, 50));
    const first = await ann.ask('member.list', { conversation: id });
    expect(first.members).toEqual(conversation.members);
  });

  it('[MB21] orders odd ids by code point, whatever the page', async () => {
    const tenant = await server.tenant([]);
    const odd = [
      'a',
      'B',
      'ä',
      'Z',
      '10',
      '9',
      ' ',
      '~',
      '__proto__',
      '\u{1f600}',
      '\uffdd',
      '的',
      "'",
    ];
    const ann = await tenant.connect('ann');
    await Promise.all(odd.map((user) => tenant.connect(user)));
    const { id, marks } = await createGroup(ann, odd);
    const order = ['ann', ...odd].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect((await allPages(ann, id)).flat()).toEqual(order);
    expect((await allPages(ann, id, 1)).flat()).toEqual(order);
    expect(Object.keys(marks).sort()).toEqual([...order].sort());
  });

  it('[MB22] leaves out who has left, and goes on after a cursor whose person left', async () => {
    const tenant = await server.tenant(['ann', 'bob', 'cy', 'dee']);
    const ann = await tenant.connect('ann');
    const { id } = await createGroup(ann, ['bob', 'cy', 'dee']);
    const first = await ann.ask('member.list', { conversation: id, limit: 2 });
    expect(first.cursor).toBe('bob');
    await ann.ask('member.remove', { conversation: id, user: 'bob' });
    const next = await ann.ask('member.list', { conversation: id, cursor: 'bob' });
    expect(next.members.map((one) => one.id)).toEqual(['cy', 'dee']);
    expect((await allPages(ann, id)).flat()).toEqual(['ann', 'cy', 'dee']);
  });
});
