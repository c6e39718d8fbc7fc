import type { ConversationHandle, ConversationSnapshot } from '@parley/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';
import { isFirstUnreadAbove, mostPages } from './first-unread.ts';

/**
 * Loads a conversation that is being opened up to its first unread message; tells when it can be shown.
 *
 * Once told, it stays so. Where the pages do not come, or are too many, what is there is shown.
 */
export function useFirstUnread(
  handle: ConversationHandle,
  snapshot: ConversationSnapshot,
  me: string,
): boolean {
  const online = useStore(useClient().connection).status === 'online';
  const shown = useRef(false);
  const pages = useRef(0);
  const [failed, setFailed] = useState(false);

  const ready = snapshot.status === 'ready';
  const possible = online && !failed && pages.current < mostPages;
  if (ready && !(possible && isFirstUnreadAbove(snapshot, me))) shown.current = true;

  const wanted = ready && !shown.current && !snapshot.loadingOlder;
  const first = snapshot.messages[0]?.id;
  // biome-ignore lint/correctness/useExhaustiveDependencies: each page that came asks for the next
  useEffect(() => {
    if (!wanted) return;
    pages.current += 1;
    handle.loadOlder().catch(() => setFailed(true));
  }, [wanted, first, handle]);
  return shown.current;
}
