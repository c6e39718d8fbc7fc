import { type CommandType, newId } from '@parley/protocol';
import type { Cell, Outcome } from './cell.ts';
import { listed, removedFault } from './faults.ts';
import { about, everyPlace, frame, placed, plain, target } from './make-cells.ts';
import {
  addition,
  anybody,
  blocks,
  creation,
  type Directory,
  finds,
  isBlockedBy,
  isGroup,
  isStaff,
  known,
  managers,
  promotion,
  removal,
  sees,
} from './outcomes.ts';
import {
  type Actor,
  actors,
  type ConversationName,
  conversationNames,
  extras,
  nobody,
  people,
  placeOf,
  rivalOnly,
  share,
} from './people.ts';
import type { World } from './world.ts';

type Make = (world: World, directory: Directory) => Cell[];

const named = [...known, rivalOnly, nobody];

/**
 * Every command of the table, by everybody, about everything: what must come of it.
 *
 * The truth stands here by hand, apart from the server's policy, so that a wrong row is found. A
 * command without cells does not compile.
 */
export const socketCells: Readonly<Record<CommandType, Make>> = {
  hello: () =>
    actors.map((actor) => ({
      ...about('hello', actor, 'again'),
      expected: 'bad_request',
      frame: () => ({ type: 'hello', token: 'x' }),
    })),
  'token.refresh': (world) =>
    actors.flatMap((actor) =>
      actors.map((other): Cell => {
        const { tenant, id } = people[other];
        const own = people[actor].tenant === tenant && people[actor].id === id;
        return {
          ...about('token.refresh', actor, `token of ${other}`),
          expected: own ? 'ok' : 'unauthorized',
          frame: () => ({ type: 'token.refresh', token: world[tenant].token(id) }),
        };
      }),
    ),
  ping: () => actors.map((actor) => plain('ping', actor, {})),
  'conversation.create': (world, directory) =>
    actors.flatMap((actor) => [
      ...namedBy(actor).map((user) => creating(actor, 'direct', user, directory)),
      ...namedBy(actor).map((user) => creating(actor, 'group', user, directory)),
      {
        ...about('conversation.create', actor, 'with an id that others use'),
        expected: taking(actor),
        last: true,
        frame: () => ({
          type: 'conversation.create',
          kind: 'group',
          members: [],
          // Two of one tenant must not take the same one.
          conversation: world.conversations[actor === 'rivalAdmin' ? 'group' : 'others'],
        }),
      },
    ]),
  'conversation.list': () =>
    actors.flatMap((actor) => [
      plain('conversation.list', actor, {}),
      plain('conversation.list', actor, { limit: 1 }),
    ]),
  'conversation.get': reading('conversation.get'),
  'conversation.update': (world) =>
    placed(world, 'conversation.update', { name: 'renamed' }, managers),
  'conversation.leave': (world) =>
    placed(world, 'conversation.leave', {}, (place, name) =>
      isGroup(name) && place !== undefined ? 'ok' : 'not_allowed',
    ),
  'member.list': reading('member.list'),
  'member.add': (world, directory) =>
    everyPlace((actor, name) =>
      named.map((user) => {
        const outcome = addition(actor, name, user, directory);
        const hidden = outcome === 'not_found' && placeOf(actor, name) !== undefined;
        return {
          ...target(world, 'member.add', actor, name, { users: [user] }, outcome),
          target: `${user} to ${name}`,
          ...(hidden ? { twin: frame(world, 'member.add', name, { users: [nobody] }) } : {}),
        };
      }),
    ),
  'member.remove': (world) =>
    everyPlace((actor, name) =>
      named.map((user) => {
        const outcome = removal(actor, name, user);
        const hidden = outcome === 'not_found' && placeOf(actor, name) !== undefined;
        return {
          ...target(world, 'member.remove', actor, name, { user }, outcome),
          target: `${user} from ${name}`,
          ...(hidden ? { twin: frame(world, 'member.remove', name, { user: nobody }) } : {}),
        };
      }),
    ),
  'member.update': (world) =>
    everyPlace((actor, name) =>
      named.flatMap((user) =>
        (['owner', 'admin', 'member'] as const).map((role) => {
          const outcome = promotion(actor, name, user, role);
          const hidden = outcome === 'not_found' && placeOf(actor, name) !== undefined;
          return {
            ...target(world, 'member.update', actor, name, { user, role }, outcome),
            target: `${user} to ${role} in ${name}`,
            ...(hidden
              ? { twin: frame(world, 'member.update', name, { user: nobody, role }) }
              : {}),
          };
        }),
      ),
    ),
  'message.send': (world) =>
    everyPlace((actor, name) => [
      sending(world, actor, name),
      ...conversationNames.map((quoted) => sending(world, actor, name, quoted)),
    ]),
  'message.list': (world) => [
    ...reading('message.list')(world, 'all'),
    ...placed(world, 'message.list', { after: 0, limit: 1 }, anybody),
    ...placed(world, 'message.list', { before: 1 }, anybody),
  ],
  read: (world) => placed(world, 'read', { seq: 1 }, anybody, false),
  delivered: (world) =>
    actors.map((actor) =>
      plain('delivered', actor, {
        marks: Object.fromEntries(conversationNames.map((name) => [world.conversations[name], 1])),
      }),
    ),
  typing: (world) => placed(world, 'typing', { typing: true }, anybody, false),
  sync: (world) =>
    actors.map((actor) => ({
      ...plain('sync', actor, {
        me: 0,
        known: Object.fromEntries(
          conversationNames.map((name) => [world.conversations[name], { version: 0, last_seq: 0 }]),
        ),
      }),
      fault: (answer) => removedFault(world, actor, answer),
    })),
  'presence.watch': (_, directory) => lookups('presence.watch', directory),
  'presence.unwatch': () =>
    actors.map((actor) => plain('presence.unwatch', actor, { users: named })),
  'user.search': (_, directory) =>
    actors.flatMap((actor) =>
      ['', 'canary', 'olga', nobody].map(
        (text): Cell => ({
          ...plain('user.search', actor, { text }),
          expected: actor === 'guest' ? 'not_allowed' : 'ok',
          fault: (answer) => listed(actor, answer, (user) => finds(actor, user, directory)),
        }),
      ),
    ),
  'user.get': (_, directory) => lookups('user.get', directory),
  'block.add': (_, directory) =>
    actors.flatMap((actor) =>
      namedBy(actor).map((user): Cell => {
        const self = user === people[actor].id;
        // Also who was deactivated, since what they wrote still stands.
        const there = user === extras.dan && people[actor].tenant === 'acme' && actor !== 'guest';
        const visible =
          sees(actor, user, directory) || (there && (directory === 'all' || isStaff(actor)));
        // Who blocks one, and shares nothing with one, is as if they were not there.
        const gone = isBlockedBy(actor, user) && !share(actor, user);
        const outcome: Outcome = self ? 'bad_request' : visible && !gone ? 'ok' : 'not_found';
        const before = blocks(actor, user);
        return {
          ...about('block.add', actor, user),
          expected: outcome,
          frame: () => ({ type: 'block.add', user }),
          ...(outcome === 'not_found' ? { twin: { type: 'block.add', user: nobody } } : {}),
          ...(outcome === 'ok' && !before ? { undo: { type: 'block.remove', user } } : {}),
        };
      }),
    ),
  'block.remove': () =>
    actors.flatMap((actor) =>
      [rivalOnly, nobody, 'sam'].map(
        (user): Cell => ({
          ...about('block.remove', actor, user),
          expected: 'ok',
          frame: () => ({ type: 'block.remove', user }),
        }),
      ),
    ),
  'block.list': () =>
    actors.map((actor) => ({
      ...plain('block.list', actor, {}),
      fault: (answer) => listed(actor, answer, (user) => blocks(actor, user)),
    })),
};

function reading(type: CommandType): Make {
  return (world) => placed(world, type, {}, anybody, false);
}

function namedBy(actor: Actor): string[] {
  return people[actor].tenant === 'acme' ? named : [...named, 'olga'];
}

/** Making a conversation with an id that is taken in the tenant `acme`, by the stranger mostly. */
function taking(actor: Actor): Outcome {
  if (actor === 'guest') return 'not_allowed';
  return people[actor].tenant === 'rival' || actor === 'stranger' ? 'ok' : 'id_reused';
}

function creating(
  actor: Actor,
  kind: 'direct' | 'group',
  user: string,
  directory: Directory,
): Cell {
  const expected = creation(actor, kind, user, directory);
  const input = (other: string) => ({ type: 'conversation.create', kind, members: [other] });
  return {
    ...about('conversation.create', actor, `${kind} with ${user}`),
    expected,
    last: expected === 'ok',
    frame: () => input(user),
    ...(expected === 'not_found' ? { twin: input(nobody) } : {}),
  };
}

function sending(
  world: World,
  actor: Actor,
  name: ConversationName,
  quoted?: ConversationName,
): Cell {
  const place = placeOf(actor, name);
  const outcome: Outcome =
    place === undefined
      ? 'not_found'
      : name === 'blockedDirect'
        ? 'not_allowed'
        : quoted === undefined || quoted === name
          ? 'ok'
          : 'not_found';
  const message = (of?: ConversationName) => ({
    message: {
      id: newId(),
      body: 'hello',
      ...(of === undefined ? {} : { reply_to: world.messages[of] }),
    },
  });
  const cell = target(world, 'message.send', actor, name, message(quoted), outcome, false);
  const twin = frame(
    world,
    'message.send',
    place === undefined ? 'invented' : name,
    message(quoted === undefined ? undefined : place === undefined ? quoted : 'invented'),
  );
  return {
    ...cell,
    target: quoted === undefined ? name : `${name}, quoting from ${quoted}`,
    ...(outcome === 'not_found' ? { twin } : {}),
  };
}

function lookups(type: CommandType, directory: Directory): Cell[] {
  return actors.map((actor) => ({
    ...plain(type, actor, { users: named }),
    fault: (answer) =>
      // Who was deactivated wrote what still stands: their name may be told.
      listed(actor, answer, (user) => sees(actor, user, directory) || user === extras.dan),
  }));
}
