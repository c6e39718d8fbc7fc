import {
  type CommandType,
  type ConversationKind,
  commands,
  effectiveRole,
  type MemberRole,
  newId,
  reaches,
  type TenantRole,
} from '@parley/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createConversationFor } from '../src/conversations/create-conversation-for.ts';
import { commandPolicy } from '../src/policy/command-policy.ts';
import { type OpenedAct, openableActs, type Right } from '../src/policy/right.ts';
import { givenRole, givenSettings, givenTenantRole } from '../src/testing/given.ts';
import { startTestServer, type TestServer, type TestTenant } from '../src/testing/test-server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Somebody who tries, and where. */
interface Cell {
  readonly kind: ConversationKind;
  readonly role: MemberRole;
  readonly tenantRole: TenantRole;
  readonly opened: readonly OpenedAct[];
}
interface Place {
  readonly conversation: string;
  /** Somebody else who is in it. */
  readonly other: string;
  /** A fresh token of the person's own. */
  readonly token: string;
}
type Frame = Readonly<Record<string, unknown>>;

const tenantRoles = ['admin', 'moderator', 'member', 'guest'] as const;
const roles = ['owner', 'admin', 'member'] as const;

/**
 * Every command: a frame that succeeds for whoever may. Those that end something come last.
 * A new command does not compile before it is listed here.
 */
const frames: { readonly [T in Exclude<CommandType, 'hello'>]: (place: Place) => Frame } = {
  'token.refresh': ({ token }) => ({ token }),
  ping: () => ({}),
  sync: () => ({ me: 0, known: {} }),
  'conversation.create': () => ({ kind: 'group', members: [] }),
  'conversation.list': () => ({}),
  'conversation.get': ({ conversation }) => ({ conversation }),
  'conversation.update': ({ conversation }) => ({ conversation, name: 'Renamed' }),
  'member.list': ({ conversation }) => ({ conversation }),
  'member.add': ({ conversation }) => ({ conversation, users: ['late'] }),
  'member.update': ({ conversation }) => ({ conversation, user: 'tom', role: 'admin' }),
  'member.remove': ({ conversation }) => ({ conversation, user: 'tim' }),
  'message.send': ({ conversation }) => ({ conversation, message: { id: newId(), body: 'Hi' } }),
  'message.list': ({ conversation }) => ({ conversation }),
  read: ({ conversation }) => ({ conversation, seq: 0 }),
  delivered: ({ conversation }) => ({ marks: { [conversation]: 0 } }),
  typing: ({ conversation }) => ({ conversation, typing: true }),
  'user.search': () => ({ text: '' }),
  'user.get': () => ({ users: ['root'] }),
  'presence.watch': () => ({ users: ['root'] }),
  'presence.unwatch': () => ({ users: ['root'] }),
  'block.add': ({ other }) => ({ user: other }),
  'block.list': () => ({}),
  'block.remove': ({ other }) => ({ user: other }),
  'conversation.leave': ({ conversation }) => ({ conversation }),
};

/** What a row says, read as a person reads it: with no help from the code that enforces it. */
function mayDo(right: Right, { kind, role, tenantRole, opened }: Cell): boolean {
  if (right.who !== 'person') throw new Error('not for people');
  if (tenantRole === 'guest' && !right.guests) return false;
  if (right.place === undefined) return true;
  if (!right.place.kinds.includes(kind)) return false;
  if (kind === 'direct') return true;
  if (right.place.opened !== undefined && opened.includes(right.place.opened)) return true;
  return reaches(effectiveRole(role, tenantRole), right.place.role);
}

function types(): Exclude<CommandType, 'hello'>[] {
  return (Object.keys(frames) as (keyof typeof frames)[]).filter((type) => type in commands);
}

async function play(tenant: TestTenant, cell: Cell, user: string): Promise<string[]> {
  const parts = { db: server.database.db, bus: server.bus, now: Date.now };
  const members = cell.kind === 'group' ? [user, 'tom', 'tim', 'tod'] : [user];
  const made = await createConversationFor(
    parts,
    { tenant: tenant.id, user: 'root' },
    { kind: cell.kind, members },
  );
  const conversation = made.conversation.id;
  if (cell.kind === 'group') await givenRole({ server, tenant, conversation }, user, cell.role);
  const socket = await tenant.connect(user);
  const other = cell.kind === 'group' ? 'tod' : 'root';
  const place = { conversation, other, token: await tenant.token(user) };
  const wrong: string[] = [];
  for (const type of types()) {
    const { error } = await socket.reply({ ...frames[type](place), type });
    const told = error?.code ?? 'done';
    const wanted = mayDo(commandPolicy[type], cell) ? 'done' : 'not_allowed';
    if (told !== wanted) wrong.push(`${JSON.stringify(cell)} ${type}: ${told}, not ${wanted}`);
  }
  await socket.close();
  return wrong;
}

describe('The policy table', () => {
  it.each([{ opened: [] }, { opened: openableActs }])(
    '[RO1] is what the server does, for every command and everybody, with $opened opened',
    async ({ opened }) => {
      const cells: Cell[] = tenantRoles.flatMap((tenantRole) => [
        { kind: 'direct' as const, role: 'member' as const, tenantRole, opened },
        ...roles.map((role) => ({ kind: 'group' as const, role, tenantRole, opened })),
      ]);
      const users = cells.map((_, i) => `user${i}`);
      const tenant = await server.tenant(['root', 'late', 'tom', 'tim', 'tod', ...users]);
      await givenSettings(server, tenant, { members_may: opened });
      for (const [i, cell] of cells.entries()) {
        await givenTenantRole(server, tenant, `user${i}`, cell.tenantRole);
      }
      const wrong: string[] = [];
      for (const [i, cell] of cells.entries()) {
        wrong.push(...(await play(tenant, cell, `user${i}`)));
      }
      expect(wrong).toEqual([]);
    },
  );
});
