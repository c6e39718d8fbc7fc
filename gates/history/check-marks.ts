import type { Findings } from './findings.ts';
import type { Recorded } from './history.ts';
import type { TrueLogs } from './true-logs.ts';

/** Checks that marks only grow: as told to each reader, and from what was taken to the end. */
export function checkMarks(events: readonly Recorded[], logs: TrueLogs, findings: Findings): void {
  const told = new Map<string, number>();
  const highest = new Map<string, Mark>();
  for (const event of events) {
    if (event.type !== 'marked' && event.type !== 'seen-mark') continue;
    const { conversation, user, kind, seq } = event;
    const name = `${conversation}: ${kind} of ${user}`;
    if ((highest.get(name)?.seq ?? -1) < seq) highest.set(name, { conversation, user, kind, seq });
    if (event.type === 'marked') continue;
    const key = `${name} told to ${event.reader}`;
    const before = told.get(key) ?? 0;
    if (seq < before) findings.add('mark-went-back', `${key}: ${before}, then ${seq}`);
    else told.set(key, seq);
  }
  for (const [name, { conversation, user, kind, seq }] of highest) {
    const end = logs.get(conversation)?.marks[user]?.[kind];
    if (end === undefined || end >= seq) continue;
    findings.add('mark-went-back', `${name} was ${seq}, and is ${end} in the end`);
  }
}

interface Mark {
  readonly conversation: string;
  readonly user: string;
  readonly kind: 'read' | 'delivered';
  readonly seq: number;
}
