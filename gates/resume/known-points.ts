import { type CommandResult, newId } from '@parley/protocol';
import { readLog } from '../history/log.ts';
import { pickFrom } from '../history/talk.ts';
import type { Run } from '../kit/run.ts';
import type { Person, Tenant } from '../kit/tenant.ts';
import type { Topology } from '../kit/topology.ts';
import type { Totals } from './totals.ts';

type Answer = CommandResult<'sync'>['conversations'][number];

/** More than what makes `sync` say `reset`, and than what fits one answer. */
const messages = 1_300;
/** From so many changes on `sync` may give up and say so. */
const resetFrom = 500;

/**
 * Comes back from any point in a long history, as after seconds or after a month, on any node.
 *
 * What `sync` answers joins what one had without a hole, to the end; or it says `reset`, which it may
 * only after an absence that is long enough.
 */
export async function comeFromAnywhere(
  run: Run,
  totals: Totals,
  topology: Topology,
  times: number,
): Promise<void> {
  const tenant = await topology.tenant(['ann', 'bob', 'cy']);
  const conversation = await longHistory(tenant);
  const bearer = tenant.token('ann');
  const port = topology.nodes[0]?.ownPort ?? 0;
  const log = await readLog({ node: 'node 0', port, conversation, bearer });
  const versions = [0, ...log.messages.map(({ version }) => version)];
  const returning = await Promise.all(
    topology.nodes.map(({ socketUrl }) => tenant.connect('ann', socketUrl)),
  );
  let resets = 0;
  for (let left = times; left > 0; left--) {
    // Mostly near the end, where the answers differ most.
    const span = run.random.pick([60, 250, 700, messages]);
    const lastSeq = Math.max(0, log.messages.length - run.random.below(span + 1));
    const version = versions[lastSeq] ?? 0;
    const socket = pickFrom(returning, () => run.random.next());
    const { wrong, reset } = await comeBack(
      socket,
      conversation,
      { version, lastSeq },
      log.messages,
    );
    totals.cuts += 1;
    if (reset) resets += 1;
    if (wrong === undefined) continue;
    totals.found += 1;
    run.fail(`coming back from ${lastSeq} of ${log.messages.length}: ${wrong}`);
  }
  run.expect(resets > 0 && resets < times, `${resets} of ${times} were resets`);
  run.note(`resets, ${topology.kind} of ${topology.nodes.length}`, resets);
  await Promise.all(returning.map((socket) => socket.close()));
}

/** Messages, and changes between them that take versions and no numbers, and the reverse. */
async function longHistory(tenant: Tenant): Promise<string> {
  const [ann, bob] = await Promise.all([tenant.connect('ann'), tenant.connect('bob')]);
  const conversation = newId();
  await ann.ask('conversation.create', {
    kind: 'group',
    conversation,
    name: 'long',
    members: ['bob', 'cy'],
  });
  for (let done = 0; done < messages; done += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        (index % 2 === 0 ? ann : bob).ask('message.send', {
          conversation,
          message: { id: newId(), body: `no. ${done + index}` },
        }),
      ),
    );
    if (done % 100 !== 0) continue;
    const role = done % 200 === 0 ? 'admin' : 'member';
    await ann.ask('member.update', { conversation, user: 'cy', role });
  }
  await Promise.all([ann.close(), bob.close()]);
  return conversation;
}

async function comeBack(
  socket: Person,
  conversation: string,
  from: { readonly version: number; readonly lastSeq: number },
  log: readonly { readonly seq: number; readonly id: string }[],
): Promise<{ readonly wrong?: string; readonly reset: boolean }> {
  let { version, lastSeq } = from;
  for (let call = 1; call <= 20; call++) {
    const answer = await socket.ask('sync', {
      me: socket.hello.me,
      known: { [conversation]: { version, last_seq: lastSeq } },
    });
    const changes = answer.conversations.find(({ id }) => id === conversation);
    if (changes === undefined) return { wrong: 'the conversation is not told', reset: false };
    if (changes.reset) {
      if (changes.messages.length === 0) return { wrong: 'a reset with no message', reset: true };
      if (log.length - lastSeq < resetFrom - 100) return { wrong: 'reset too soon', reset: true };
      return { ...wrongIn(changes, log.length - changes.messages.length, log), reset: true };
    }
    const wrong = wrongIn(changes, lastSeq, log);
    if (wrong.wrong !== undefined) return { ...wrong, reset: false };
    lastSeq = Math.max(lastSeq, ...changes.messages.map(({ seq }) => seq));
    version = changes.has_more ? (changes.messages.at(-1)?.version ?? version) : changes.version;
    if (changes.has_more) continue;
    if (lastSeq === log.length) return { reset: false };
    return { wrong: `it ends with ${lastSeq}`, reset: false };
  }
  return { wrong: 'there is always more', reset: false };
}

function wrongIn(
  { messages: told }: Answer,
  after: number,
  log: readonly { readonly seq: number; readonly id: string }[],
): { readonly wrong?: string } {
  let expected = after + 1;
  for (const { seq, id } of told) {
    if (seq !== expected) return { wrong: `${seq} follows ${expected - 1}` };
    if (log[seq - 1]?.id !== id) return { wrong: `${seq} is another message` };
    expected += 1;
  }
  return {};
}
