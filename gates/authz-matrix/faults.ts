import { type Actor, conversationNames, placeOf } from './people.ts';
import type { World } from './world.ts';

/** Nobody stands in an answer who may not. */
export function listed(
  actor: Actor,
  answer: string,
  may: (user: string) => boolean,
): string | undefined {
  const { result } = JSON.parse(answer);
  const users: readonly { readonly id: string }[] = result?.users ?? [];
  const wrong = users.filter(({ id }) => !may(id));
  return wrong.length === 0
    ? undefined
    : `${actor} is shown ${wrong.map(({ id }) => id).join(', ')}`;
}

/** What is not theirs is `removed`, all of it alike. */
export function removedFault(world: World, actor: Actor, answer: string): string | undefined {
  const { result } = JSON.parse(answer);
  const removed = new Set<string>(result?.removed ?? []);
  const wrong = conversationNames.filter(
    (name) => removed.has(world.conversations[name]) !== (placeOf(actor, name) === undefined),
  );
  return wrong.length === 0 ? undefined : `sync says otherwise of ${wrong.join(', ')}`;
}
