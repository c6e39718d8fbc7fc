import { newId } from '@parley/protocol';
import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import type { Person } from '../kit/tenant.ts';

/** A block holds from its acknowledgement on: in the group, in the direct conversation, in what is seen. */
export async function checkBlocks(run: Run, server: Installed, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const tenant = await server.tenant(['olga', 'vic']);
    const [owner, other] = [await tenant.connect('olga'), await tenant.connect('vic')];
    const group = await create(owner, 'group');
    const direct = await create(owner, 'direct');
    await owner.ask('presence.watch', { users: ['vic'] });
    await send(other, group, 'before');

    await owner.ask('block.add', { user: 'vic' });
    const id = newId();
    await other.ask('message.send', { conversation: group, message: { id, body: 'secret word' } });
    await other.ask('typing', { conversation: group, typing: true });
    await other.ask('typing', { conversation: direct, typing: true });
    const refused = await other
      .ask('message.send', { conversation: direct, message: { id: newId(), body: 'secret word' } })
      .then(
        () => 'stored',
        (error) => String(error.code),
      );
    run.expect(refused === 'not_allowed', `a send to who blocks: ${refused}`);
    const shown = await owner.event('message.created', ({ message }) => message.id === id);
    run.expect(
      shown.message.kind === 'hidden' && shown.message.sender === null,
      `not hidden: ${JSON.stringify(shown)}`,
    );
    await owner.settled();
    const heard = JSON.stringify(owner.events);
    run.expect(!heard.includes('secret word'), 'the blocked are read');
    run.expect(
      !owner.events.some(({ event }) => event === 'typing'),
      'the blocked are seen typing',
    );
    const { messages } = await owner.ask('message.list', { conversation: group });
    run.expect(
      !messages.some(({ sender, kind }) => sender === 'vic' && kind === 'text'),
      'history shows the blocked',
    );
    const { users } = await other.ask('presence.watch', { users: ['olga'] });
    run.expect(!users.some(({ online }) => online), 'who blocks is seen online');
    owner.terminate();
    other.terminate();
  }
}

async function create(by: Person, kind: 'direct' | 'group'): Promise<string> {
  const { conversation } = await by.ask('conversation.create', { kind, members: ['vic'] });
  return conversation.id;
}

async function send(by: Person, conversation: string, body: string): Promise<void> {
  await by.ask('message.send', { conversation, message: { id: newId(), body } });
}
