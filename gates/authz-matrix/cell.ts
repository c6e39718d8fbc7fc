import type { ErrorCode } from '@parley/protocol';
import type { Actor } from './people.ts';

export type Outcome = 'ok' | ErrorCode;

/** One field of the matrix: somebody does something to something, and what must come of it. */
export interface Cell {
  readonly action: string;
  readonly actor: Actor;
  /** What it is done to, in words. */
  readonly target: string;
  readonly expected: Outcome;
  /** The request; `fresh` is a group made for this cell alone, where it asks for one. */
  readonly frame: (fresh: string) => object;
  /** It changes something, so that it must happen to a group of its own. */
  readonly fresh?: boolean;
  readonly changes?: boolean;
  /** It changes what others share with whom, or what is there: done after all others. */
  readonly last?: boolean;
  /** The same request about what exists nowhere: a denial must be the same bytes. */
  readonly twin?: object;
  /** Takes back what it did. */
  readonly undo?: object;
  /** What is wrong with an answer, beyond its outcome. */
  readonly fault?: (answer: string) => string | undefined;
}

/** What an answer on the socket comes down to. */
export function outcomeOf(answer: string): string {
  return (
    /^\{"error":\{"code":"(\w+)"/.exec(answer)?.[1] ??
    (answer.startsWith('{"result":') ? 'ok' : answer)
  );
}
