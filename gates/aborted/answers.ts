import type { Recorded } from '../history/history.ts';

/** How long people waited for their answers, and what they should never have been told. */
export interface Answers {
  /** In milliseconds, sorted. */
  readonly waits: readonly number[];
  readonly unavailable: number;
  readonly faults: readonly string[];
}

/**
 * What a history says of the answers: each send has one, in time, on a line that stays open.
 *
 * In time: a line that does not answer for 8 s is cut by who asked, which is told here as no answer.
 * Of these writers, who ask once a try; for gates that cut no line of a client themselves.
 */
export function answersOf(
  events: readonly Recorded[],
  isAsker: (user: string) => boolean,
): Answers {
  const began = new Map<number, number>();
  const waits: number[] = [];
  const faults: string[] = [];
  let unavailable = 0;
  for (const event of events) {
    if (event.type === 'invoke' && isAsker(event.user)) began.set(event.op, event.at);
    if (event.type !== 'ok' && event.type !== 'fail' && event.type !== 'info') continue;
    const asked = began.get(event.op);
    if (asked === undefined) continue;
    waits.push(event.at - asked);
    if (event.type === 'fail') faults.push(`a send was refused for good: ${event.code}`);
    if (event.type !== 'info') continue;
    if (event.why === 'unavailable') unavailable++;
    else faults.push(`a send was left without an answer: ${event.why}`);
  }
  return { waits: waits.toSorted((a, b) => a - b), unavailable, faults };
}
