import type { Store } from '../snapshots.ts';

/** Waits until a store's snapshot satisfies this, and returns it; fails telling the last one. */
export function until<T>(
  store: Store<T>,
  met: (snapshot: T) => boolean,
  waitMs = 10_000,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = () => {
      stop();
      clearTimeout(timer);
    };
    const check = () => {
      const snapshot = store.getSnapshot();
      if (!met(snapshot)) return;
      end();
      resolve(snapshot);
    };
    const stop = store.subscribe(check);
    const timer = setTimeout(() => {
      end();
      reject(new Error(`Never came to be. Last: ${JSON.stringify(store.getSnapshot())}`));
    }, waitMs);
    check();
  });
}
