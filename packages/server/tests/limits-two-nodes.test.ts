import { setTimeout } from 'node:timers/promises';
import { newId } from '@parley/protocol';
import { expect, it } from 'vitest';
import { MemoryBus } from '../src/bus/memory.ts';
import { createTestDatabase } from '../src/db/testing/test-database.ts';
import type { Claim, Ledger, Verdict } from '../src/limits/ledger.ts';
import { rates } from '../src/limits/rates.ts';
import { MemoryLedger } from '../src/limits/testing/memory-ledger.ts';
import { createGroup } from '../src/testing/talking.ts';
import { startTestServer, TestTenant } from '../src/testing/test-server.ts';
import { TestSocket } from '../src/testing/test-socket.ts';

/** Answers after a while, now shorter and now longer. */
class SlowLedger implements Ledger {
  readonly #ledger = new MemoryLedger();
  #asked = 0;

  async settle(claims: readonly Claim[]): Promise<readonly Verdict[]> {
    await setTimeout((this.#asked++ * 7) % 20);
    return this.#ledger.settle(claims);
  }
}

const scale = 0.01;
const allowed = rates.personSends.allowed * scale;

it('[LI44] what one connection sends keeps its order, however long permissions take', async () => {
  await using server = await startTestServer({ rateScale: 0.05, ledger: new SlowLedger() });
  const tenant = await server.tenant(['ann']);
  const ann = await tenant.connect('ann');
  const { id: conversation } = await createGroup(ann, [], 'Order');
  const sends = Array.from({ length: 60 }, (_, n) =>
    ann.ask('message.send', { conversation, message: { id: newId(), body: `${n}` } }),
  );
  const ping = ann.ask('ping', {});
  const answers = await Promise.all(sends);
  expect(answers.map(({ seq }) => seq)).toEqual(sends.map((_, n) => n + 1));
  await ping;
  const { messages } = await ann.ask('message.list', { conversation, limit: 50 });
  expect(messages.map(({ body }) => body)).toEqual(
    Array.from({ length: 50 }, (_, n) => `${n + 10}`),
  );
});

it('[LI42] what somebody does on two nodes and by both doors is counted together', async () => {
  await using database = await createTestDatabase();
  const ledger = new MemoryLedger();
  const bus = new MemoryBus();
  await using one = await startTestServer({ database, bus, ledger, rateScale: scale });
  await using two = await startTestServer({ database, bus, ledger, rateScale: scale });
  const tenant = await one.tenant(['ann']);
  const sockets = [
    await tenant.connect('ann'),
    await new TestTenant(two, tenant.id).connect('ann'),
  ];
  const [first] = sockets;
  if (first === undefined) throw new Error('nobody came');
  const { id: conversation } = await createGroup(first, [], 'Counted');
  const codes: (string | undefined)[] = [];
  for (let n = 0; n < allowed; n++) {
    const { error } = (await sockets[n % 2]?.reply({
      type: 'message.send',
      conversation,
      message: { id: newId(), body: 'x' },
    })) ?? { error: undefined };
    codes.push(error?.code);
  }
  expect(codes).toEqual(Array(allowed).fill(undefined));
  const token = await tenant.token('ann');
  const answer = await fetch(`${two.url}/v1/conversations/${conversation}/messages`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ id: newId(), body: 'one too many' }),
  });
  expect(answer.status).toBe(429);
});

it('[LI6] on several nodes, too, a bad token is answered before its connection is closed', async () => {
  await using server = await startTestServer({ rateScale: 1, ledger: new SlowLedger() });
  for (let n = 0; n < rates.addressFailures.allowed + 5; n++) {
    const socket = await TestSocket.open(server.socketUrl);
    const { error } = await socket.reply({ type: 'hello', token: 'x' });
    const isOver = n >= rates.addressFailures.allowed;
    expect(error?.code, String(n)).toBe(isOver ? 'rate_limited' : 'unauthorized');
    expect(await socket.closed).toMatchObject({ code: 4001 });
  }
});
