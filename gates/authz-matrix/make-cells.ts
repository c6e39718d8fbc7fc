import type { CommandType } from '@parley/protocol';
import type { Cell, Outcome } from './cell.ts';
import type { Rule } from './outcomes.ts';
import { type Actor, actors, type ConversationName, conversationNames, placeOf } from './people.ts';
import type { World } from './world.ts';

export function about(action: CommandType, actor: Actor, of: string) {
  return { action, actor, target: of };
}

export function plain(type: CommandType, actor: Actor, input: object): Cell {
  return { ...about(type, actor, ''), expected: 'ok', frame: () => ({ type, ...input }) };
}

/** A command about a conversation, by everybody in every one. */
export function placed(
  world: World,
  type: CommandType,
  input: object,
  rule: Rule,
  changes = true,
): Cell[] {
  return everyPlace((actor, name) => {
    const place = placeOf(actor, name);
    const outcome = place === undefined ? 'not_found' : rule(place, name);
    return [target(world, type, actor, name, input, outcome, changes)];
  });
}

export function everyPlace(make: (actor: Actor, name: ConversationName) => Cell[]): Cell[] {
  return actors.flatMap((actor) =>
    conversationNames.flatMap((name) =>
      // What others and a foreign tenant have among themselves stays as it is.
      make(actor, name).filter(
        (cell) => name === 'group' || cell.expected !== 'ok' || cell.changes !== true,
      ),
    ),
  );
}

export function target(
  world: World,
  type: CommandType,
  actor: Actor,
  name: ConversationName,
  input: object,
  expected: Outcome,
  changes = true,
): Cell {
  const fresh = changes && expected === 'ok' && name === 'group';
  return {
    ...about(type, actor, name),
    expected,
    fresh,
    changes,
    last: type === 'member.add' && expected === 'ok',
    frame: (made) => ({
      type,
      conversation: fresh ? made : world.conversations[name],
      ...input,
    }),
    ...(placeOf(actor, name) === undefined ? { twin: frame(world, type, 'invented', input) } : {}),
  };
}

export function frame(
  world: World,
  type: CommandType,
  name: ConversationName,
  input: object,
): object {
  return { type, conversation: world.conversations[name], ...input };
}
