import { ParleyError } from '@parley/protocol';
import { patience } from './patience.ts';

const retryAfterMs = 1_000;

/**
 * Answers with what the work answers, or with `unavailable` when that takes too long.
 *
 * The work goes on: whether it was done is unknown then, and told by asking again. `leftMs` is what
 * remains of the time, all of it unless given.
 */
export async function answerInTime<T>(
  work: Promise<T>,
  leftMs: number = patience.answerMs,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new ParleyError('unavailable', { retryAfterMs })),
    Math.max(0, leftMs),
  );
  // What fails after its time has been told: nobody waits for it.
  work.catch(() => {});
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
