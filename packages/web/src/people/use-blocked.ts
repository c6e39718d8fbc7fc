import { useClient } from '../session/client-context.ts';
import { useStore } from '../session/use-store.ts';

/** Whether I block this person; null until that is known. */
export function useBlocked(user: string | undefined): boolean | null {
  const blocked = useStore(useClient().blocked);
  return blocked === null || user === undefined ? null : blocked.includes(user);
}
