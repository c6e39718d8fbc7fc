import type { Mutant } from '../kit/mutant.ts';

const part = 'one node';
const statements = 'packages/server/src/messages/append-statements.ts';

export const mutants: readonly Mutant[] = [
  {
    id: 'ack-before-commit',
    bug: 'messages are acknowledged before the commit is answered',
    file: 'packages/server/src/messages/append-group.ts',
    // Answered by the statement before, while the commit takes its time.
    find: 'pipeline.query(statements.commit),',
    replace:
      "(pipeline.query({ name: 'append_wait', text: 'select pg_sleep(0.03)' }).catch(() => {}), pipeline.query(statements.commit).catch(() => {}), Promise.resolve({ command: 'COMMIT' })),",
    part,
    failure: 'lost: ',
  },
  {
    id: 'ack-before-disk',
    bug: 'the commit is answered before it is on the disk',
    file: statements,
    find: "'enable_seqscan = off',",
    replace: "'enable_seqscan = off', 'synchronous_commit = off',",
    part,
    failure: 'lost: ',
  },
  {
    id: 'no-transaction',
    bug: 'numbers are given out in one transaction and used in another',
    file: statements,
    find: 'set last_seq = sent.last_seq, version = sent.version,',
    replace: 'set last_seq = sent.last_seq + 1, version = sent.version,',
    part,
    failure: ['hole: ', 'duplicate: '],
  },
  {
    id: 'new-id-for-each-try',
    bug: 'the SDK sends a message again under another id',
    file: 'packages/client/src/outbox/outbox.ts',
    find: 'const outgoing = { id, body,',
    replace: 'const outgoing = { id: newId(this.#env.now()), body,',
    part,
    failure: ['lost: ', 'phantom: '],
  },
];
