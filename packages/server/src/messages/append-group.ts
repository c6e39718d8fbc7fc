import type { Pipeline } from '../db/database.ts';
import type { OutgoingMessage } from './append.ts';
import { AppendKeys } from './append-keys.ts';
import {
  type Answers,
  type ExistingRow,
  type LockedRow,
  type MemberRow,
  type Ordinal,
  type Outcome,
  planGroup,
} from './append-plan.ts';
import { AppendSenders, type EndedRow } from './append-senders.ts';
import { statements } from './append-statements.ts';

/**
 * Stores a group of messages in one transaction; outcomes come in the order of the messages.
 *
 * Two round trips: lock and look-ups, then the rows with the commit. All SQL statements are short
 * and by key; the numbering happens in between. The look-ups are statements of their own *after* the
 * lock, each with its own snapshot: a look-up inside the locking statement would miss what the lock
 * waited for.
 */
export async function appendGroup(
  pipeline: Pipeline,
  messages: readonly OutgoingMessage[],
  now: Date,
): Promise<Outcome[]> {
  const keys = new AppendKeys(messages);
  const plan = planGroup(keys, await ask(pipeline, keys), now);
  const [, , committed] = await inOrder([
    plan.rows.length === 0 ? nothing : pipeline.query(statements.insert, plan.insertValues()),
    plan.rows.length === 0 ? nothing : pipeline.query(statements.advance, plan.advanceValues()),
    pipeline.query(statements.commit),
  ]);
  // A transaction that failed on the way answers COMMIT with ROLLBACK, and no error.
  if (committed.command !== 'COMMIT') throw new Error('the group was rolled back');
  return plan.outcomes;
}

async function ask(pipeline: Pipeline, keys: AppendKeys): Promise<Answers> {
  const senders = new AppendSenders(keys.messages);
  const [, locked, ended, members, existing, quoted] = await inOrder([
    pipeline.query(statements.begin),
    pipeline.query<LockedRow>(statements.lock, keys.conversations()),
    pipeline.query<EndedRow>(statements.ended, senders.keys()),
    pipeline.query<MemberRow>(statements.members, keys.members()),
    pipeline.query<ExistingRow>(statements.existing, keys.ids()),
    keys.quotes.length === 0
      ? nothing
      : pipeline.query<Ordinal>(statements.quoted, keys.quotedIds()),
  ]);
  senders.take(ended.rows);
  return {
    senders,
    locked: locked.rows,
    members: members.rows,
    existing: existing.rows,
    quoted: quoted?.rows ?? [],
  };
}

/** Waits for all, then throws the first failure in order: the later ones only say "aborted". */
async function inOrder<const T extends readonly Promise<unknown>[]>(
  queries: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(queries);
  return Promise.all(queries);
}

const nothing = Promise.resolve(undefined);
