import type { Client } from '../../src/index.ts';
import { until } from '../../src/testing/until.ts';

/** Waits until the client has its list. */
export async function ready(client: Client): Promise<void> {
  await until(client.conversations, ({ status }) => status === 'ready');
}

/** Waits until a fresh client has everything it asked for and has told its own marks. */
export async function settled(client: Client, opened: ReadonlySet<string>): Promise<void> {
  await until(client.blocked, (blocked) => blocked !== null);
  const isThere = (id: string) => {
    const { status, marks, messages } = client.conversation(id).getSnapshot();
    const { conversations } = client.conversations.getSnapshot();
    const row = conversations.find((one) => one.id === id);
    if (status === 'gone' || row === undefined) return status === 'gone';
    const last = messages.at(-1);
    const newest = last?.state === 'stored' ? last.seq : 0;
    // The SDK reports what it received of others: the mark is there when the report was taken.
    const isDue = row.unread > 0 || (row.last_message?.sender ?? 'ann') !== 'ann';
    const due = isDue ? row.last_seq : 0;
    return status === 'ready' && newest === row.last_seq && (marks['ann']?.delivered ?? 0) >= due;
  };
  await comesTrue(() => [...opened].every(isThere));
}

/** Asks again and again; throws when it has not become true in time. Of several stores at once. */
export async function comesTrue(question: () => boolean, waitMs = 8_000): Promise<void> {
  const deadline = performance.now() + waitMs;
  while (!question()) {
    if (performance.now() > deadline) throw new Error(`not true within ${waitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/**
 * Everything that a person sees; what fades by itself (typing, pending) is not in these acts.
 *
 * `silent` have blocked ann at some time. She is not told, so how far they have read in a direct
 * conversation stays on her screen as it was, and is not in what a new client reads (BL rules).
 */
export function stateOf(client: Client, opened: ReadonlySet<string>, silent: ReadonlySet<string>) {
  const { conversations, ...list } = client.conversations.getSnapshot();
  return {
    connection: client.connection.getSnapshot().status,
    me: client.me.getSnapshot(),
    blocked: client.blocked.getSnapshot(),
    list: { ...list, conversations: conversations.map((row) => withoutMarksOf(row, silent)) },
    conversations: [...opened].map((id) =>
      withoutMarksOf(withoutLeft(client.conversation(id).getSnapshot()), silent),
    ),
  };
}

function withoutMarksOf<T extends object>(snapshot: T, silent: ReadonlySet<string>): T {
  if (!('kind' in snapshot) || snapshot.kind !== 'direct') return snapshot;
  if (!('marks' in snapshot) || typeof snapshot.marks !== 'object') return snapshot;
  const marks = Object.entries(snapshot.marks ?? {}).filter(([user]) => !silent.has(user));
  return { ...snapshot, marks: Object.fromEntries(marks) };
}

/** What was seen of a conversation before it was gone is nobody's promise. */
function withoutLeft<T extends { readonly status: string }>(snapshot: T): T | { status: 'gone' } {
  return snapshot.status === 'gone' ? { status: 'gone' } : snapshot;
}
