import { limits, newId } from '@parley/protocol';
import { textAt } from '../kit/http-call.ts';
import type { Installed } from '../kit/installation.ts';
import { RawWebSocket } from '../kit/raw-web-socket.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';

const answerMs = 10_000;

/** What the server sends, at the lengths where the form of the header changes. */
export async function checkOwnFrames(
  run: Run,
  installed: Installed,
  tenant: Tenant,
): Promise<{ readonly rows: number; readonly bad: number }> {
  const socket = await RawWebSocket.open(installed.port);
  await socket.hello(tenant.token('reader'));
  const faults: string[] = [];
  const lengths: number[] = [];
  const check = (told: number, wanted: number) => {
    lengths.push(wanted);
    if (told !== wanted) faults.push(`an answer of ${wanted} bytes has ${told}`);
  };
  for (const wanted of [124, 125, 126, 127, 128]) {
    check(await shortAnswer(installed, tenant, socket, wanted), wanted);
  }
  for (const wanted of [65_534, 65_535, 65_536, 65_537]) {
    check(await longAnswer(installed, tenant, socket, wanted), wanted);
  }
  faults.push(...socket.faults);
  for (const fault of faults) run.fail(`the server's frames: ${fault}`);
  socket.line.destroy();
  return { rows: lengths.length, bad: faults.length };
}

/** A person with a name so long that the answer has this length. */
async function shortAnswer(
  installed: Installed,
  tenant: Tenant,
  socket: RawWebSocket,
  wanted: number,
): Promise<number> {
  const name = async (length: number) => {
    const body = { name: 'n'.repeat(length) };
    await installed.call('PUT', '/v1/users/n', { bearer: tenant.apiKey, body });
    return answerLength(socket, { type: 'user.get', users: ['n'] });
  };
  return name(1 + wanted - (await name(1)));
}

/** A conversation with so much in it that its page has this length. */
async function longAnswer(
  installed: Installed,
  tenant: Tenant,
  socket: RawWebSocket,
  wanted: number,
): Promise<number> {
  const bearer = tenant.token('reader');
  const made = await installed.call('POST', '/v1/conversations', {
    bearer,
    body: { kind: 'group', name: 'Long', members: [] },
  });
  const conversation = textAt(made.body, 'conversation.id');
  const path = `/v1/conversations/${conversation}/messages`;
  const say = (length: number) =>
    installed.call('POST', path, { bearer, body: { id: newId(), body: 'b'.repeat(length) } });
  const page = { type: 'message.list', conversation, limit: limits.page };
  for (let count = 0; count < 6; count++) await say(limits.bodyCodePoints);
  const before = await answerLength(socket, page);
  await say(1);
  const perMessage = (await answerLength(socket, page)) - before;
  await say(1 + wanted - before - 2 * perMessage);
  return answerLength(socket, page);
}

let id = 100;

/** Asks, and answers how long the answer is. The id has always three digits. */
async function answerLength(socket: RawWebSocket, question: object): Promise<number> {
  id = id === 999 ? 100 : id + 1;
  const head = `{"id":${id},`;
  socket.frames.length = 0;
  socket.send({ id, ...question });
  await socket.until(() => socket.texts.some((text) => text.startsWith(head)), answerMs);
  return Buffer.byteLength(socket.texts.find((text) => text.startsWith(head)) ?? '');
}
