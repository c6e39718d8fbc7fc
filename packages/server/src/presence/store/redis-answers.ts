import { z } from 'zod';

const count = z.int().nonnegative();
const digits = z.string().regex(/^[01]*$/);

const stepSchema = z.tuple([
  z.literal([0, 1]),
  count,
  count,
  count,
  z.literal([0, 1]),
  digits,
  digits,
  z.array(z.string()),
]);

const deadSchema = z.tuple([count, count, count, z.number(), digits, z.array(z.string())]);

/** What `stepScript` answers. */
export interface StepAnswer {
  /** Whether it was done: otherwise we have to begin afresh. */
  readonly done: boolean;
  readonly turn: number;
  readonly micros: number;
  /** When the slot was empty, by Redis' clock. */
  readonly born: number;
  /** The slot was empty a moment ago: who is not in it may be on the way. */
  readonly young: boolean;
  /** For each of the changed people, in order. */
  readonly elsewhere: readonly boolean[];
  /** For each of those asked for, in order. */
  readonly online: readonly boolean[];
  readonly dead: readonly string[];
}

/** What `deadScript` answers, when there is somebody. */
export interface DeadAnswer {
  readonly turn: number;
  readonly micros: number;
  /** When the lease ended, by Redis' clock. */
  readonly ended: number;
  readonly agoMs: number;
  readonly people: readonly { readonly key: string; readonly elsewhere: boolean }[];
}

/** Reads what `stepScript` answered; throws when it is something else. */
export function readStep(answer: unknown): StepAnswer {
  const [done, turn, micros, born, young, elsewhere, online, dead] = stepSchema.parse(answer);
  return {
    done: done === 1,
    turn,
    micros,
    born,
    young: young === 1,
    elsewhere: flags(elsewhere),
    online: flags(online),
    dead,
  };
}

/** Reads what `deadScript` answered; undefined: there is nobody left. */
export function readDead(answer: unknown): DeadAnswer | undefined {
  if (Array.isArray(answer) && answer.length === 0) return undefined;
  const [turn, micros, ended, agoMs, elsewhere, keys] = deadSchema.parse(answer);
  const marks = flags(elsewhere);
  const people = keys.map((key, index) => ({ key, elsewhere: marks[index] === true }));
  return { turn, micros, ended, agoMs: Math.max(0, agoMs), people };
}

function flags(digits: string): boolean[] {
  return [...digits].map((digit) => digit === '1');
}
