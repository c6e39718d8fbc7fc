import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  startTestServer,
  type TestServer,
  type TestTenant,
} from '../../server/src/testing/test-server.ts';
import type { TestSocket } from '../../server/src/testing/test-socket.ts';
import { upsertUser } from '../../server/src/users/upsert-user.ts';
import { createClient } from '../src/create-client.ts';
import type { Environment } from '../src/environment.ts';
import type { Client } from '../src/index.ts';
import { type Act, anyAct, beginning, people, performAct } from './folding/acts.ts';
import { CuttableLine } from './folding/cuttable-line.ts';
import { comesTrue, ready, settled, stateOf } from './folding/state.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

describe('the fold', () => {
  it('[CL2] state and events fold to what a new client reads, whatever happened and was cut', async () => {
    const runs = Number(process.env['FOLD_RUNS'] ?? 150);
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyAct, { minLength: 6, maxLength: 24, size: 'max' }),
        async (acts) => {
          await foldOnce(acts);
        },
      ),
      { numRuns: runs, endOnFailure: process.env['FOLD_SHRINK'] === undefined },
    );
  }, 300_000);
});

async function foldOnce(acts: readonly Act[]): Promise<void> {
  const tenant = await server.tenant(people);
  const sockets = await Promise.all(people.map((user) => tenant.connect(user)));
  const line = new CuttableLine();
  const watching = watchedClient(tenant, line.environment);
  const opened = new Set<string>();
  const silent = new Set<string>();
  const stops: (() => void)[] = [];
  try {
    await ready(watching);
    const conversations: string[] = [];
    for (const one of [...beginning, ...acts]) {
      await perform(tenant, sockets, line, conversations, one);
      if (one.type === 'block' && one.who === 0) silent.add(people[one.by] ?? '');
      for (const id of conversations) {
        if (opened.has(id)) continue;
        opened.add(id);
        stops.push(watching.conversation(id).open());
      }
    }
    const fresh = watchedClient(tenant);
    try {
      await ready(fresh);
      for (const id of opened) stops.push(fresh.conversation(id).open());
      await settled(fresh, opened);
      // Both as they are now: what one of them reports meanwhile, such as a mark, the other hears.
      const same = () =>
        isDeepStrictEqual(stateOf(watching, opened, silent), stateOf(fresh, opened, silent));
      await comesTrue(same).catch(() =>
        expect(stateOf(watching, opened, silent)).toEqual(stateOf(fresh, opened, silent)),
      );
    } finally {
      fresh.disconnect();
    }
  } finally {
    for (const stop of stops) stop();
    watching.disconnect();
    await Promise.all(sockets.map((socket) => socket.close()));
  }
}

async function perform(
  tenant: TestTenant,
  sockets: readonly TestSocket[],
  line: CuttableLine,
  conversations: string[],
  act: Act,
): Promise<void> {
  if (act.type === 'cut') {
    line.cut();
    return;
  }
  if (act.type === 'profile') {
    const { db } = server.database;
    const id = people[act.who] ?? '';
    await upsertUser({ db, bus: server.bus }, tenant.id, { id, name: act.name.trim() });
    return;
  }
  const socket = sockets[act.by];
  if (socket === undefined) return;
  // What a person may not do is refused, which is an act as good as any: it must change nothing.
  await performAct(socket, conversations, act).catch((error: unknown) => {
    expect(error).toMatchObject({
      code: expect.stringMatching(/^(not_found|not_allowed|bad_request)$/),
    });
  });
}

function watchedClient(tenant: TestTenant, environment?: Environment): Client {
  const options = { url: server.url, getToken: () => tenant.token('ann') };
  const client = createClient(options, environment);
  client.connect();
  return client;
}
