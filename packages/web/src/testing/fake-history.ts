import { type Message, newId, type SystemAct } from '@parley/protocol';

/** What a scripted history says, line by line. */
export type Line =
  | readonly [minutesAgo: number, sender: string, body: string]
  | readonly [minutesAgo: number, sender: string, act: SystemAct];

/** The messages of a script, oldest first. */
export function history(lines: readonly Line[], now: number): readonly Message[] {
  return lines.map(([minutesAgo, sender, what], index) => {
    const at = now - minutesAgo * 60_000;
    const common = {
      id: newId(at),
      seq: index + 1,
      version: index + 1,
      sender,
      created_at: new Date(at).toISOString(),
    };
    return typeof what === 'string'
      ? { ...common, kind: 'text', body: what }
      : { ...common, kind: 'system', body: '', act: what };
  });
}

const sayings = [
  'The export runs through now.',
  'Which file was it?',
  'I put both versions into the folder. The second one has the corrected totals, the first is only there for comparison.',
  'Good, thanks!',
  'Can we move the review to Thursday? The client wants to see the numbers first, and I would rather have them checked twice.',
  'Sure.',
  'It looks right on my side. See https://example.com/reports/2026/q4?view=table#summary for the whole picture.',
  'One more thing: the invoice template still has the old address in it. Nothing urgent, but it should be right before the end of the month, or accounting will send every single one of them back to us again.',
  '👍',
  'On it.',
];

/** A long history: two people over many days. */
export function longHistory(
  count: number,
  people: readonly string[],
  now: number,
): readonly Message[] {
  const lines: Line[] = [];
  for (let i = 0; i < count; i++) {
    const sender = people[Math.floor(i / 3 + (i % 7) / 4) % people.length] ?? '';
    const saying = sayings[(i * 7 + (i % 11)) % sayings.length] ?? '';
    lines.push([(count - i) * 9, sender, `${i + 1}. ${saying}`]);
  }
  return history(lines, now);
}
