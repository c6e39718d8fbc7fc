import type { Mutant } from '../kit/mutant.ts';

const plan = 'packages/server/src/messages/append-plan.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'seq-from-the-clock',
    bug: 'numbers come from the clock',
    file: plan,
    find: 'seq: ++head.lastSeq,',
    replace: 'seq: (head.lastSeq = Math.max(head.lastSeq + 1, Date.now())),',
    part: 'one node',
    failure: 'hole: ',
  },
  {
    id: 'sorted-by-id',
    bug: 'history is sorted by the ids that senders give',
    file: 'packages/server/src/messages/list-messages.ts',
    find: ".orderBy('message.seq', after",
    replace: ".orderBy('message.id', after",
    part: 'one node',
    failure: 'lost: ',
  },
  {
    id: 'fan-out-skipped',
    bug: 'now and then somebody is left out when an event is told',
    file: 'packages/server/src/gateway/rooms.ts',
    find: '      if (since < oldest && !spared',
    replace:
      '      if (oldest % 9 === 0 && person.scope.user.endsWith("3")) continue;\n      if (since < oldest && !spared',
    part: 'one node',
    failure: 'hole: ',
  },
  {
    id: 'bus-is-trusted',
    bug: 'what the bus brings is told in the order in which it comes',
    file: 'packages/server/src/gateway/live-conversation.ts',
    find: '      if (change.prev <= this.#version) this.#deliver(change);\n      else this.#hold(change);\n    }\n    this.#deliverHeld();',
    replace: '      this.#deliver(change);\n    }\n    this.#deliverHeld();',
    part: 'two nodes',
    failure: 'hole: ',
  },
  {
    id: 'other-tenant',
    bug: 'tenants with conversations of the same id hear each other',
    file: 'packages/protocol/src/topics.ts',
    find: 'export function conversationTopic(tenant: string, conversation: string): Topic {',
    replace:
      "export function conversationTopic(tenant: string, conversation: string): Topic {\n  tenant = 't';",
    part: 'one node',
    failure: 'phantom: ',
  },
];
