import type { PresenceSnapshot } from '@parley/client';
import { useEffect } from 'preact/hooks';
import { lineDown } from '../connection/line-down.ts';
import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';

/** Cut off, nobody can say who is there. */
const nobody: PresenceSnapshot = {};

/** Watches these people for as long as they are shown. */
export function usePresence(ids: readonly string[]): PresenceSnapshot {
  const { presence } = useClient();
  // A new array of the same people is no reason to watch anew.
  const key = JSON.stringify(ids);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `key` says what `ids` holds
  useEffect(() => {
    if (ids.length > 0) return presence.watch(ids);
  }, [presence, key]);
  const snapshot = useStore(presence);
  return lineDown.value ? nobody : snapshot;
}
