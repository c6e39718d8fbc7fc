import type { Message } from '@parley/protocol';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Tenant } from '../kit/tenant.ts';
import { LoudRoom } from './loud-room.ts';
import { seat, untilCut } from './seats.ts';

/** What the system and the server keep for one socket is full long before. */
const cutMs = 30_000;
const codeMs = 8_000;
/** A mebibyte of 9 KB each, and what was said until somebody looked. */
const mostWaiting = 350;

type Seen = Pick<Message, 'seq' | 'version'>;

/** Who reads too slowly is told so with 4008, and has everything after coming back. */
export async function checkResume(run: Run, installed: Installed): Promise<void> {
  const tenant = await installed.tenant(['writer', 'slow', 'other']);
  const room = await LoudRoom.open(tenant, ['slow', 'other']);
  const heard: Record<'slow' | 'other', Seen[]> = { slow: [], other: [] };
  const listen = (who: 'slow' | 'other') =>
    seat(installed, tenant, [who], (text) => {
      const event = JSON.parse(text);
      if (event.event === 'message.created') heard[who].push(event.message);
    });
  const [[slow], [other]] = await Promise.all([listen('slow'), listen('other')]);
  if (slow === undefined || other === undefined) throw new Error('somebody is missing');
  slow.line.pause();
  const began = performance.now();
  room.begin(2);
  const cut = await untilCut(installed, cutMs);
  await room.pause();
  run.note('until who does not read is closed, ms', performance.now() - began);
  run.expect(cut, 'who does not read is not closed');
  // What the system had taken comes first, then the reason.
  slow.line.resume();
  await slow.until(() => slow.closeCode !== undefined, codeMs);
  run.expect(slow.closeCode === 4008, `a slow reader is closed with ${slow.closeCode}`);
  const missed = await comeBack(tenant, room.conversation, heard.slow.at(-1));
  run.expect(missed.length > 0, 'who was cut has missed nothing');
  const all = [...heard.slow, ...missed].map(({ seq }) => seq);
  run.note('read before the cut', heard.slow.length);
  run.note('read by sync after it', missed.length);
  run.expect(
    missed.length <= mostWaiting,
    `${missed.length} messages waited for who does not read`,
  );
  run.expect(
    all.length === room.sent && all.every((seq, index) => seq === index + 1),
    `of ${room.sent} messages a slow reader has ${all.length}, or not in order`,
  );
  await other.until(() => heard.other.length === room.sent, codeMs);
  run.expect(heard.other.length === room.sent, 'who reads has not got everything');
  for (const fault of room.faults) run.fail(`the writer heard: ${fault}`);
  other.line.destroy();
  slow.line.destroy();
  await room.end();
}

/** All messages after the last one that was read, by `sync`; as often as it says that there are more. */
async function comeBack(
  tenant: Tenant,
  conversation: string,
  last: Seen = { seq: 0, version: 1 },
): Promise<Seen[]> {
  const back = await tenant.connect('slow');
  const missed: Seen[] = [];
  let { version, seq } = last;
  for (;;) {
    const { epoch, me } = back.hello;
    const known = { [conversation]: { version, last_seq: seq } };
    const { conversations } = await back.ask('sync', { epoch, me, known });
    const [one] = conversations;
    if (one === undefined || one.reset) {
      const rest = one === undefined ? [] : await readOn(back, conversation, seq);
      missed.push(...rest);
      break;
    }
    missed.push(...one.messages);
    const newest = one.messages.at(-1);
    if (!one.has_more || newest === undefined) break;
    ({ version, seq } = newest);
  }
  await back.close();
  return missed;
}

/** After too much for `sync`: the pages, from there on. */
async function readOn(
  back: Awaited<ReturnType<Tenant['connect']>>,
  conversation: string,
  after: number,
): Promise<Seen[]> {
  const read: Seen[] = [];
  for (;;) {
    const last = read.at(-1)?.seq ?? after;
    const page = await back.ask('message.list', { conversation, after: last });
    read.push(...page.messages);
    if (!page.has_more) return read;
  }
}
