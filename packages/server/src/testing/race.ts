import fc from 'fast-check';
import type { TestSocket } from './test-socket.ts';

/** Lets the event loop turn this often. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise(setImmediate);
}

/** When each of some acts happens: at once, or some turns of the event loop later. */
export const moments = (count: number) =>
  fc.array(fc.nat({ max: 12 }), { minLength: count, maxLength: count });

/** Plays rounds of a race, five at a time, each in a conversation of its own. */
export async function race<T>(
  rounds: number,
  plans: fc.Arbitrary<T>,
  sockets: readonly TestSocket[],
  round: (plan: T) => Promise<void>,
): Promise<void> {
  const many = fc.array(plans, { minLength: 5, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(many, async (five) => {
      await Promise.all(five.map(round));
      for (const socket of sockets) socket.events.length = 0;
    }),
    // A race that is run again runs otherwise: there is nothing to shrink.
    { numRuns: rounds / 5, endOnFailure: true },
  );
}
