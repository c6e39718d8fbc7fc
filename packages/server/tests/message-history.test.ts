import { limits } from '@parley/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { givenChanged, givenMessages } from '../src/testing/given.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

const total = 130;
let server: TestServer;
let tenant: TestTenant;
let ann: TestSocket;
let id: string;
beforeAll(async () => {
  server = await startTestServer();
  tenant = await server.tenant(['ann', 'bob', 'cy']);
  ann = await tenant.connect('ann');
  ({ id } = await createGroup(ann, ['bob']));
  await givenMessages({ server, tenant, conversation: id }, 'bob', total);
});
afterAll(() => server[Symbol.asyncDispose]());

interface Range {
  readonly before?: number;
  readonly after?: number;
  readonly limit?: number;
}

async function page(range: Range, socket = ann) {
  const { messages, has_more } = await socket.ask('message.list', { conversation: id, ...range });
  return { seqs: messages.map((one) => one.seq), has_more };
}

const span = (from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

describe('message.list', () => {
  it('[MS30] gives the newest page, ascending, 50 unless fewer are asked for', async () => {
    expect(await page({})).toEqual({ seqs: span(81, 130), has_more: true });
    expect(await page({ limit: 1 })).toEqual({ seqs: [130], has_more: true });
    expect(await page({ limit: limits.page })).toEqual({ seqs: span(81, 130), has_more: true });
  });

  it('[MS31] takes before and after as not included, and says whether there is more that way', async () => {
    const cases: [Range, number[], boolean][] = [
      [{ before: 81 }, span(31, 80), true],
      [{ before: 51 }, span(1, 50), false],
      [{ before: 52 }, span(2, 51), true],
      [{ before: 2 }, [1], false],
      [{ before: 1 }, [], false],
      [{ before: 0 }, [], false],
      [{ before: 9_999 }, span(81, 130), true],
      [{ before: Number.MAX_SAFE_INTEGER, limit: 2 }, [129, 130], true],
      [{ after: 0 }, span(1, 50), true],
      [{ after: 80 }, span(81, 130), false],
      [{ after: 79 }, span(80, 129), true],
      [{ after: 129 }, [130], false],
      [{ after: 130 }, [], false],
      [{ after: Number.MAX_SAFE_INTEGER }, [], false],
      [{ after: 10, limit: 3 }, [11, 12, 13], true],
    ];
    for (const [range, seqs, has_more] of cases) {
      expect(await page(range), JSON.stringify(range)).toEqual({ seqs, has_more });
    }
  });

  it('[MS32] refuses both at once, limits out of 1 to 50, and what is no whole number', async () => {
    const bad: [Readonly<Record<string, unknown>>, string][] = [
      [{ before: 5, after: 1 }, 'after'],
      [{ before: 0, after: 0 }, 'after'],
      [{ limit: 0 }, 'limit'],
      [{ limit: 51 }, 'limit'],
      [{ limit: 1.5 }, 'limit'],
      [{ limit: '5' }, 'limit'],
      [{ before: -1 }, 'before'],
      [{ before: 1.5 }, 'before'],
      [{ before: '5' }, 'before'],
      [{ after: 2 ** 53 }, 'after'],
      [{ after: {} }, 'after'],
    ];
    for (const [range, field] of bad) {
      const { error } = await ann.reply({ type: 'message.list', conversation: id, ...range });
      expect(error, JSON.stringify(range)).toMatchObject({ code: 'bad_request', field });
    }
    const { result } = await ann.reply({
      type: 'message.list',
      conversation: id,
      before: null,
      after: 128,
      limit: null,
    });
    expect(result).toMatchObject({ messages: [{ seq: 129 }, { seq: 130 }] });
  });

  it('[MS33] walked either way with any page sizes gives every message once', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: limits.page }), {
      minLength: 1,
      maxLength: 5,
    });
    const walk = async (steps: readonly number[], back: boolean) => {
      const seen: number[] = [];
      for (let i = 0; ; i++) {
        const limit = steps[i % steps.length] ?? 1;
        const range = back ? { before: seen[0] ?? total + 1 } : { after: seen.at(-1) ?? 0 };
        const { seqs, has_more } = await page({ ...range, limit });
        if (back) seen.unshift(...seqs);
        else seen.push(...seqs);
        if (!has_more) break;
      }
      expect(seen).toEqual(span(1, total));
    };
    await fc.assert(fc.asyncProperty(sizes, fc.boolean(), walk), { numRuns: 15 });
  });

  it('[MS34] starts at the joining, also for pages around it', async () => {
    const cy = await tenant.connect('cy');
    await ann.ask('member.add', { conversation: id, users: ['cy'] });
    await givenMessages({ server, tenant, conversation: id }, 'bob', 3);
    expect(await page({}, cy)).toEqual({ seqs: [131, 132, 133, 134], has_more: false });
    expect(await page({ before: 133 }, cy)).toEqual({ seqs: [131, 132], has_more: false });
    expect(await page({ before: 132, limit: 1 }, cy)).toEqual({ seqs: [131], has_more: false });
    expect(await page({ before: 131 }, cy)).toEqual({ seqs: [], has_more: false });
    expect(await page({ after: 0, limit: 2 }, cy)).toEqual({ seqs: [131, 132], has_more: true });
  });

  it('[MS35] keeps the place of a deleted message, without its content', async () => {
    await givenChanged({ server, tenant, conversation: id }, 7, { deleted: true });
    const { messages } = await ann.ask('message.list', { conversation: id, after: 6, limit: 1 });
    expect(messages).toMatchObject([
      { seq: 7, sender: 'bob', body: '', deleted_at: expect.stringMatching(/Z$/) },
    ]);
  });
});
