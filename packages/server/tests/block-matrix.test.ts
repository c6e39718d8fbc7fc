import { type CommandType, type ConversationKind, commands, newId } from '@parley/protocol';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDirect, createGroup, say } from '../src/testing/talking.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';
import type { TestSocket } from '../src/testing/test-socket.ts';

let server: TestServer;
let tenant: TestTenant;
beforeAll(async () => {
  server = await startTestServer();
  tenant = await server.tenant([]);
});
afterAll(() => server[Symbol.asyncDispose]());

/** What the two people share; `none`: nothing, so that only the directory shows them to each other. */
type Kind = ConversationKind | 'none';
type Side = 'blocker' | 'blocked';
type Frame = Readonly<Record<string, unknown>>;

/** Two people, what they share, and who of them asks. */
interface Place {
  readonly conversation: string;
  /** The other of the two, whose name is of nobody else. */
  readonly other: string;
  /** Somebody who blocks nobody and is blocked by nobody. */
  readonly bystander: string;
  readonly message: string;
}

/** The answer, and what each of the two hears by it; ids, times and personal versions taken out. */
interface Outcome {
  readonly answer: unknown;
  readonly actor: readonly unknown[];
  readonly other: readonly unknown[];
}

/** What a block makes of an outcome; a code stands for that refusal, of which the other hears nothing. */
type Effect = string | ((before: Outcome) => Outcome);

interface Row {
  /** What is asked where the two share this; null where nothing can be. */
  readonly frame: (at: Place, kind: Kind) => Frame | null;
  /** Where the outcome is another one than without the block. */
  readonly effect: { readonly [K in Kind]?: { readonly [S in Side]?: Effect } };
}

const nowhere = { conversation: newId(), message: newId() };
const everywhere = (frame: (at: Place) => Frame) => ({ frame, effect: {} });
const shared =
  (frame: (at: Place) => Frame): Row['frame'] =>
  (at, kind) =>
    kind === 'none' ? null : frame(at);
const bothSides = (effect: Effect) => ({ blocker: effect, blocked: effect });

/** The other hears nothing of it, and the answer is as ever. */
const silent: Effect = ({ answer, actor }) => ({ answer, actor, other: [] });
const unheard: Effect = ({ answer }) => ({ answer, actor: [], other: [] });
/** Each text of the blocked, in the answer and in what is heard, is a placeholder; and is not unread. */
const hidden = (before: Outcome): Outcome => hideTexts(before, 'OTHER');
/** Of the two marks only the asking person's is told. */
const ownMark: Effect = (before) =>
  replaceKeys(before, { marks: (marks) => without(marks, 'OTHER') });
const named = (users: readonly unknown[]) => (before: Outcome) =>
  replaceKeys(before, { users: () => users });
const nobody = named([]);
const offline = named([{ id: 'OTHER', online: false, last_seen_at: null }]);
const someone = { id: 'OTHER', name: 'Name of OTHER', avatar_url: null, updated_at: 'TIME' };

/**
 * What becomes of every command while one of two blocks the other.
 *
 * A command without a row does not compile, and fails below.
 */
const table: { readonly [T in CommandType]: Row } = {
  hello: everywhere(() => ({ token: 'again' })),
  'token.refresh': everywhere(() => ({ token: 'none' })),
  ping: everywhere(() => ({})),
  'conversation.create': {
    frame: ({ other }, kind) =>
      kind === 'group' ? { kind, members: [other] } : { kind: 'direct', members: [other] },
    effect: {
      // The one that there is.
      direct: bothSides(ownMark),
      group: { blocked: 'not_found' },
      none: { blocker: 'not_allowed', blocked: 'not_found' },
    },
  },
  'conversation.list': {
    frame: (_at, kind) => (kind === 'none' ? null : {}),
    effect: { direct: bothSides(ownMark), group: { blocker: hidden } },
  },
  'conversation.get': {
    frame: shared(({ conversation }) => ({ conversation })),
    effect: { direct: bothSides(ownMark), group: { blocker: hidden } },
  },
  'conversation.update': {
    frame: shared(({ conversation }) => ({ conversation, name: 'Another' })),
    effect: { group: { blocker: hidden } },
  },
  'conversation.leave': {
    frame: shared(({ conversation }) => ({ conversation })),
    effect: {},
  },
  'member.list': { frame: shared(({ conversation }) => ({ conversation })), effect: {} },
  'member.add': {
    frame: shared(({ conversation, bystander }) => ({ conversation, users: [bystander] })),
    effect: {},
  },
  'member.remove': {
    frame: shared(({ conversation, other }) => ({ conversation, user: other })),
    effect: {},
  },
  'member.update': {
    frame: shared(({ conversation, other }) => ({ conversation, user: other, role: 'admin' })),
    effect: {},
  },
  'message.send': {
    frame: shared(({ conversation }) => ({ conversation, message: { id: newId(), body: 'New' } })),
    effect: {
      direct: bothSides('not_allowed'),
      group: { blocked: (before) => ({ ...before, other: hideTexts(before.other, 'ME') }) },
    },
  },
  'message.list': {
    frame: shared(({ conversation }) => ({ conversation })),
    effect: { group: { blocker: hidden } },
  },
  read: {
    frame: shared(({ conversation }) => ({ conversation, seq: 2 })),
    effect: { direct: bothSides(silent) },
  },
  delivered: {
    frame: shared(({ conversation }) => ({ marks: { [conversation]: 2 } })),
    effect: { direct: bothSides(unheard) },
  },
  typing: {
    frame: shared(({ conversation }) => ({ conversation, typing: true })),
    effect: { direct: bothSides(silent), group: { blocked: silent } },
  },
  sync: {
    frame: shared(({ conversation }) => ({
      me: 0,
      known: { [conversation]: { version: 1, last_seq: 0 } },
    })),
    effect: {
      direct: {
        blocker: (before) => blocks(ownMark(before)),
        blocked: ownMark,
      },
      group: { blocker: (before) => blocks(hidden(before)) },
    },
  },
  'presence.watch': {
    frame: ({ other }) => ({ users: [other] }),
    effect: {
      direct: bothSides(offline),
      group: bothSides(offline),
      none: { blocker: offline, blocked: nobody },
    },
  },
  'presence.unwatch': everywhere(({ other }) => ({ users: [other] })),
  'user.search': {
    frame: ({ other }) => ({ text: other }),
    effect: { direct: bothSides(nobody), group: bothSides(nobody), none: bothSides(nobody) },
  },
  'user.get': {
    frame: ({ other }) => ({ users: [other] }),
    effect: { none: { blocked: nobody } },
  },
  'block.add': {
    frame: ({ other }) => ({ user: other }),
    // Again says nothing new; back is as ever, where one can see the other.
    effect: {
      direct: { blocker: unheard },
      group: { blocker: unheard },
      none: { blocker: unheard, blocked: 'not_found' },
    },
  },
  'block.remove': {
    frame: ({ other }) => ({ user: other }),
    effect: {
      direct: { blocker: unblocks },
      group: { blocker: unblocks },
      none: { blocker: unblocks },
    },
  },
  'block.list': {
    frame: () => ({}),
    effect: {
      direct: { blocker: named([someone]) },
      group: { blocker: named([someone]) },
      none: { blocker: named([someone]) },
    },
  },
};

function unblocks({ answer }: Outcome): Outcome {
  const told = { event: 'block.updated', user: 'OTHER', blocked: false };
  return { answer, actor: [told], other: [] };
}

function blocks(before: Outcome): Outcome {
  return replaceKeys(before, { blocked: () => ['OTHER'] });
}

describe('while one of two people blocks the other', () => {
  const kinds: readonly Kind[] = ['direct', 'group', 'none'];
  const sides: readonly Side[] = ['blocker', 'blocked'];

  it.each(Object.keys(commands) as CommandType[])(
    '[BL1] %s does what the table says, and what it did before when that is over',
    async (type) => {
      const row = table[type];
      expect(row, `${type} needs a row in the table above`).toBeDefined();
      const cells = kinds.flatMap((kind) => sides.map((side) => ({ kind, side })));
      await Promise.all(
        cells.map(async ({ kind, side }) => {
          if (row.frame({ ...nowhere, other: '', bystander: '' }, kind) === null) return;
          const [before, during, after] = await Promise.all([
            play(type, kind, side, 'before'),
            play(type, kind, side, 'during'),
            play(type, kind, side, 'after'),
          ]);
          const effect = row.effect[kind]?.[side];
          const at = `${type}, ${kind}, as the ${side}`;
          expect(during, at).toEqual(expected(before, effect));
          expect(after, `${at}, when it is over`).toEqual(before);
          // A table that expects nothing of a block would pass whatever it does.
          if (effect !== undefined) expect(during, at).not.toEqual(before);
        }),
      );
    },
  );

  function expected(before: Outcome, effect: Effect | undefined): Outcome {
    if (effect === undefined) return before;
    if (typeof effect !== 'string') return effect(before);
    return { answer: { error: effect }, actor: [], other: [] };
  }

  /** Asks once, between two people of this cell alone. */
  async function play(
    type: CommandType,
    kind: Kind,
    side: Side,
    when: 'before' | 'during' | 'after',
  ): Promise<Outcome> {
    const [ann = '', bob = '', cy = ''] = await newPeople();
    const blocker = await tenant.connect(ann);
    const blocked = await tenant.connect(bob);
    const share = { direct: createDirect, group: createOwn, none: undefined }[kind];
    const { id: conversation } = (await share?.(blocker, bob)) ?? { id: newId() };
    let message = newId();
    if (kind !== 'none') {
      await say(blocker, conversation, 'Said by the blocker');
      ({ id: message } = await say(blocked, conversation, 'Said by the blocked'));
    }
    if (when !== 'before') await blocker.ask('block.add', { user: bob });
    if (when === 'after') await blocker.ask('block.remove', { user: bob });
    const [actor, other, names] =
      side === 'blocker'
        ? ([blocker, blocked, [ann, bob]] as const)
        : ([blocked, blocker, [bob, ann]] as const);
    for (const socket of [actor, other]) {
      await socket.settled();
      socket.events.length = 0;
    }
    const place = { conversation, message, other: names[1] ?? '', bystander: cy };
    const reply = await actor.reply({ type, ...table[type].frame(place, kind) });
    for (const socket of [actor, other]) await socket.settled();
    const plain = plainer([names[0] ?? '', names[1] ?? '', cy]);
    const outcome = {
      answer: reply.error === undefined ? plain(reply.result) : { error: reply.error.code },
      actor: plain(actor.events) as unknown[],
      other: plain(other.events) as unknown[],
    };
    for (const socket of [actor, other]) socket.terminate();
    return outcome;
  }
});

function createOwn(socket: TestSocket, other: string) {
  return createGroup(socket, [other], 'Group');
}

let made = 0;

/** Three new people, whose ids sort in this order. */
async function newPeople(): Promise<string[]> {
  const number = String(++made).padStart(5, '0');
  const ids = ['ann', 'bob', 'cy'].map((name) => `${name}-${number}`);
  await sql`
    insert into app_user (tenant_id, id, name)
    select ${tenant.id}, id, 'Name of ' || id from unnest(${ids}::text[]) as id`.execute(
    server.database.sql,
  );
  return ids;
}

/** Takes out what differs from one pair to the next; who asks is ME. */
function plainer(names: readonly [string, string, string]): (value: unknown) => unknown {
  const words = new Map(names.map((name, i) => [name, ['ME', 'OTHER', 'SOMEBODY'][i] ?? '']));
  const plain = (value: unknown): unknown => {
    if (typeof value === 'string') return plainText(value, words);
    if (Array.isArray(value)) return value.map(plain).sort(byId);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(([key]) => !passing.has(key));
    return Object.fromEntries(entries.map(([key, one]) => [plainText(key, words), plain(one)]));
  };
  return plain;
}
const passing = new Set(['me', 'at', 'blocked_version']);

function plainText(text: string, words: ReadonlyMap<string, string>): string {
  let plain = text;
  for (const [name, word] of words) plain = plain.replaceAll(name, word);
  return plain
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replace(/^\d{4}-\d\d-\d\dT.*Z$/, 'TIME');
}

/** Members come in the order of their ids, which the words do not keep. */
function byId(a: unknown, b: unknown): number {
  return JSON.stringify(idOf(a)) < JSON.stringify(idOf(b)) ? -1 : 0;
}

function idOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'role' in value && 'id' in value
    ? value.id
    : null;
}

function hideTexts<T>(value: T, of: string): T;
function hideTexts(value: unknown, of: string): unknown {
  if (Array.isArray(value)) return value.map((one) => hideTexts(one, of));
  if (typeof value !== 'object' || value === null) return value;
  if ('kind' in value && value.kind === 'text' && 'sender' in value && value.sender === of) {
    return { ...value, kind: 'hidden', sender: null, body: '' };
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, key === 'unread' ? 0 : hideTexts(one, of)]),
  );
}

type Replace = Readonly<Record<string, (value: unknown) => unknown>>;

/** Puts something else where a key is, however deep. */
function replaceKeys<T>(value: T, replace: Replace): T;
function replaceKeys(value: unknown, replace: Replace): unknown {
  if (Array.isArray(value)) return value.map((one) => replaceKeys(one, replace));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      replace[key]?.(one) ?? replaceKeys(one, replace),
    ]),
  );
}

function without(value: unknown, key: string): unknown {
  const { [key]: _, ...rest } = Object(value) as Record<string, unknown>;
  return rest;
}
