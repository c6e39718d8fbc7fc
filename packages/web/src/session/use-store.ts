import type { Store } from '@parley/client';
import { useLayoutEffect, useState } from 'preact/hooks';

/** The store's snapshot; renders again whenever it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, refresh] = useState({});
  const snapshot = store.getSnapshot();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the snapshot is only that of the first render
  useLayoutEffect(() => {
    const update = () => refresh({});
    const stop = store.subscribe(update);
    // It may have changed between the render and this subscription.
    if (store.getSnapshot() !== snapshot) update();
    return stop;
  }, [store]);
  return snapshot;
}
