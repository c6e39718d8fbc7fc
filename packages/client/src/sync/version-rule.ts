import type { ConversationEvent } from '@parley/protocol';

/** What to do with a durable change, seen from the version one has. */
export type Verdict = 'apply' | 'ignore' | 'gap';

/**
 * The version rule: apply when `prev <= mine < version`, ignore what one has, else it is a gap.
 *
 * So the same change may come twice, or late, or by event and by `sync`, and counts once.
 */
export function judge(
  mine: number,
  { version, prev = version - 1 }: Pick<ConversationEvent, 'version' | 'prev'>,
): Verdict {
  if (version <= mine) return 'ignore';
  return prev <= mine ? 'apply' : 'gap';
}
