import type { PresenceSnapshot } from '@parley/client';
import { labels } from '../time/labels.ts';
import { words } from '../words.ts';

/** `Online`, `Last seen yesterday at 14:05`, or nothing when it is not known. */
export function presenceWords(presence: PresenceSnapshot[string] | undefined, now: Date): string {
  if (!presence) return '';
  if (presence.online) return words.people.online;
  const seen = presence.last_seen_at;
  if (seen === null) return words.people.offline;
  if (now.getTime() - Date.parse(seen) < 60_000) return words.people.lastSeenJustNow;
  return words.people.lastSeen(labels.seen(seen, now));
}
