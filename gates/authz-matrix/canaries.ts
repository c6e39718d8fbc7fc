import type { Run } from '../kit/run.ts';
import { type Actor, type ConversationName, conversationNames, people, placeOf } from './people.ts';
import type { World } from './world.ts';

/** Texts that each reach only those who may read them; everything that is heard is searched for them. */
export class Canaries {
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  /** Fails for every text that somebody has got and must not. */
  check(run: Run, actor: Actor, heard: readonly string[]): void {
    const forbidden = this.#forbidden(actor);
    for (const text of heard) {
      for (const { canary, of } of forbidden) {
        if (text.includes(canary))
          run.fail(`${actor} has got a text of ${of}: ${text.slice(0, 300)}`);
      }
    }
  }

  #forbidden(actor: Actor): { readonly canary: string; readonly of: string }[] {
    const { canaries, tenantCanaries, blockedCanary } = this.#world;
    const other = people[actor].tenant === 'acme' ? 'rival' : 'acme';
    const forbidden = conversationNames
      .filter((name): name is Exclude<ConversationName, 'invented'> => name !== 'invented')
      .filter((name) => placeOf(actor, name) === undefined)
      .map((name) => ({ canary: canaries[name], of: name }));
    forbidden.push({ canary: tenantCanaries[other], of: 'another tenant' } as never);
    if (actor === 'owner')
      forbidden.push({ canary: blockedCanary, of: 'a blocked person' } as never);
    return forbidden;
  }
}
