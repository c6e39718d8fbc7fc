import type { CommandType } from '@parley/protocol';

/** What a sample is about: things that are really there. */
export interface SampleWorld {
  readonly conversation: string;
  /** Somebody in the conversation. */
  readonly member: string;
  readonly token: string;
  newId(): string;
}

/**
 * A good input for every command, with every field that it knows.
 *
 * A command without one does not compile: what is not sampled is not fuzzed.
 */
export function commandSamples({
  conversation,
  member,
  token,
  newId,
}: SampleWorld): Readonly<Record<CommandType, Readonly<Record<string, unknown>>>> {
  return {
    hello: { token, client: 'fuzz/1.0' },
    'token.refresh': { token },
    ping: {},
    'conversation.create': {
      kind: 'group',
      members: [member],
      name: 'Fuzz',
      conversation: newId(),
    },
    'conversation.list': { cursor: null, limit: 5 },
    'conversation.get': { conversation },
    'conversation.update': { conversation, name: 'Renamed' },
    'conversation.leave': { conversation },
    'member.list': { conversation, cursor: null, limit: 5 },
    'member.add': { conversation, users: [member] },
    'member.remove': { conversation, user: member },
    'member.update': { conversation, user: member, role: 'admin' },
    'message.send': {
      conversation,
      message: { id: newId(), body: 'A message \u{1f642}', reply_to: newId() },
    },
    'message.list': { conversation, before: 5, after: null, limit: 5 },
    read: { conversation, seq: 1 },
    delivered: { marks: { [conversation]: 1 } },
    typing: { conversation, typing: true },
    sync: {
      epoch: newId(),
      me: 0,
      known: { [conversation]: { version: 1, last_seq: 0 } },
      at: '2026-11-22T16:20:00.000Z',
    },
    'presence.watch': { users: [member] },
    'presence.unwatch': { users: [member] },
    'user.search': { text: 'fu%_\\', limit: 5 },
    'user.get': { users: [member] },
    'block.add': { user: 'nobody' },
    'block.remove': { user: 'nobody' },
    'block.list': { cursor: null, limit: 5 },
  };
}
