import {
  limits,
  type Mark,
  type Member,
  type Message,
  type SyncResult,
  type User,
} from '@parley/protocol';
import type { Kysely } from 'kysely';
import type { Tables } from '../db/tables.ts';
import { readChangedMembers, readChangedMessages, type Since } from './changed-rows.ts';
import { toldChanges, type Way, wayFrom } from './known-conversations.ts';
import {
  type Asking,
  type HeadRow,
  isShared,
  type PersonRow,
  type Renamed,
  readHeads,
  readPeople,
  readRenamed,
  readSharedMarks,
} from './read-returning.ts';
import { overlapSeconds } from './sync.ts';

/** One who can be answered together with others, as far as it is known yet. */
interface Returning {
  readonly n: number;
  readonly asking: Asking;
  readonly person: PersonRow;
  readonly heads: readonly HeadRow[];
  readonly ways: ReadonlyMap<string, Way>;
}

/** Rows that one answer may bring; who missed more is read for alone. */
const changesTogether = limits.messagesPerSync;
/** Rows that are read for all answers of one question. */
const rowsTogether = 5_000;

/**
 * Answers many people of one tenant from one snapshot, by few statements for all.
 *
 * What a conversation has to tell is read once, for all of its members who come back from the same
 * point. `alone` is answered for whom that does not fit: who blocks somebody, is in conversations that
 * they do not name, knows another history, or missed something else than the others.
 */
export function syncTogether(
  db: Kysely<Tables>,
  tenant: string,
  all: readonly Asking[],
): Promise<(SyncResult | 'alone')[]> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (trx) => {
      const people = (await readPeople(trx, tenant, all)).filter((person) =>
        isSimple(person, all[person.n - 1]),
      );
      const returning = agreeing(
        returningOf(all, people, await readHeads(trx, tenant, all, people)),
      );
      const heads = returning.flatMap((one) => one.heads);
      const times = returning.flatMap(({ asking }) => asking.at?.getTime() ?? []);
      const since = [...pointsOf(returning).values()];
      const shared: Shared = {
        messages: await readChangedMessages(trx, { tenant }, since, changesTogether + 1),
        members: await readChangedMembers(trx, tenant, since, changesTogether + 1),
        marks: await readSharedMarks(trx, tenant, heads),
        renamed: await readRenamed(trx, tenant, times, heads),
      };
      const answers: (SyncResult | 'alone')[] = all.map(() => 'alone');
      for (const one of returning) answers[one.n - 1] = answerTo(one, shared);
      return answers;
    });
}

/** What was read once for all who come back. */
interface Shared {
  readonly messages: ReadonlyMap<string, readonly Message[]>;
  readonly members: ReadonlyMap<string, readonly Member[]>;
  readonly marks: ReadonlyMap<string, Readonly<Record<string, Mark>>>;
  /** Undefined: too many to be told together. */
  readonly renamed: ReadonlyMap<string, readonly Renamed[]> | undefined;
}

function answerTo(one: Returning, { renamed, ...shared }: Shared): SyncResult | 'alone' {
  const { person, heads, ways, asking } = one;
  if (renamed === undefined) return 'alone';
  const found = new Set(heads.map((head) => head.id));
  return {
    epoch: person.epoch,
    me: person.me,
    at: person.at.toISOString(),
    conversations: heads.map((head) => {
      const way = ways.get(head.id) ?? { type: 'current' };
      const hasChanged = way.type === 'changes';
      const changes = {
        messages: hasChanged ? (shared.messages.get(head.id) ?? []) : [],
        members: hasChanged ? (shared.members.get(head.id) ?? []) : [],
      };
      return {
        ...toldChanges(head, way, changes),
        marks: marksOf(head, asking.user, shared.marks),
      };
    }),
    added: [],
    more: false,
    removed: [...asking.input.known.keys()].filter((id) => !found.has(id)),
    users: renamedFor(one, renamed),
    blocked: [],
    blocked_version: person.blocks_version,
  };
}

function isSimple(person: PersonRow, asking: Asking | undefined): boolean {
  if (asking === undefined) return false;
  const { epoch, me } = asking.input;
  return (
    (epoch === undefined || epoch === person.epoch) &&
    me <= person.me &&
    !person.has_added &&
    !person.has_blocks
  );
}

function returningOf(
  all: readonly Asking[],
  people: readonly PersonRow[],
  rows: readonly HeadRow[],
): Returning[] {
  const heads = Map.groupBy(rows, (row) => row.n);
  return people.flatMap((person) => {
    const { n } = person;
    const asking = all[n - 1];
    const mine = heads.get(n) ?? [];
    // In some that it did not name: those whom it knows from there may have been renamed.
    if (asking === undefined || mine.length < person.memberships) return [];
    const ways = new Map(
      mine.map((head) => {
        const known = asking.input.known.get(head.id);
        return [head.id, known === undefined ? lost : wayFrom(head, known, true)];
      }),
    );
    const isNear =
      ![...ways.values()].some((way) => way.type === 'reset' || way.type === 'later') &&
      rowsOf(ways) <= changesTogether;
    return isNear ? [{ n, asking, person, heads: mine, ways }] : [];
  });
}

const lost: Way = { type: 'reset' };

/**
 * Those who come back to each conversation from the point of whoever came first, as many as a question
 * can bring rows for.
 */
function agreeing(all: readonly Returning[]): Returning[] {
  const points = new Map<string, Since>();
  let rows = 0;
  return all.filter(({ ways }) => {
    const mine = pointsIn(ways);
    if (!mine.every((since) => isSame(points.get(since.id) ?? since, since))) return false;
    const isNew = mine.some((since) => !points.has(since.id));
    if (isNew && rows + rowsOf(ways) > rowsTogether) return false;
    if (isNew) rows += rowsOf(ways);
    for (const since of mine) points.set(since.id, since);
    return true;
  });
}

/** As many changed rows as there are versions, at most. */
function rowsOf(ways: ReadonlyMap<string, Way>): number {
  let rows = 0;
  for (const way of ways.values()) if (way.type === 'changes') rows += way.rows;
  return rows;
}

function pointsOf(all: readonly Returning[]): Map<string, Since> {
  return new Map(all.flatMap(({ ways }) => pointsIn(ways).map((since) => [since.id, since])));
}

function pointsIn(ways: ReadonlyMap<string, Way>): Since[] {
  return [...ways.values()].flatMap((way) => (way.type === 'changes' ? [way.since] : []));
}

function isSame(a: Since, b: Since): boolean {
  return a.version === b.version && a.lastSeq === b.lastSeq && a.joinedSeq === b.joinedSeq;
}

function marksOf(
  head: HeadRow,
  user: string,
  shared: ReadonlyMap<string, Readonly<Record<string, Mark>>>,
): Readonly<Record<string, Mark>> {
  if (isShared(head)) return shared.get(head.id) ?? {};
  const own: Record<string, Mark> = Object.create(null);
  own[user] = { read: head.read_seq, delivered: head.delivered_seq };
  return own;
}

function renamedFor(
  { asking, heads }: Returning,
  renamed: ReadonlyMap<string, readonly Renamed[]>,
): User[] {
  const { at } = asking;
  if (at === undefined) return [];
  const from = at.getTime() - overlapSeconds * 1_000;
  const mine = new Map(
    heads
      .flatMap((head) => renamed.get(head.id) ?? [])
      .filter((one) => one.changedAt.getTime() > from)
      .map((one) => [one.user.id, one]),
  );
  return [...mine.values()]
    .toSorted((a, b) => b.changedAt.getTime() - a.changedAt.getTime())
    .slice(0, limits.knownPerSync)
    .map((one) => one.user);
}
