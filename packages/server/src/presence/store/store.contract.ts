import { describe, expect, it } from 'vitest';
import type { PresenceStore } from './store.ts';

interface OpenStore {
  readonly store: PresenceStore;
  /** Lets this much time pass for the leases. */
  readonly pass: (ms: number) => Promise<void>;
}

/** What every presence store must do. */
export function presenceStoreContract(name: string, open: () => Promise<OpenStore>): void {
  const lease = (user: string, connection: string, tenant = 'acme') => ({
    tenant,
    user,
    connection,
  });

  describe(`presence store: ${name}`, () => {
    it('[PR1] tells who has a living connection, of those asked for', async () => {
      const { store } = await open();
      await store.renew([lease('ann', '1'), lease('bob', '2')], 60_000);
      expect([...(await store.online('acme', ['ann', 'cy']))]).toEqual(['ann']);
      await store.close();
    });

    it('[PR2] keeps a person online until the last connection is released', async () => {
      const { store } = await open();
      await store.renew([lease('ann', '1'), lease('ann', '2')], 60_000);
      await store.release(lease('ann', '1'));
      expect((await store.online('acme', ['ann'])).size).toBe(1);
      await store.release(lease('ann', '2'));
      expect((await store.online('acme', ['ann'])).size).toBe(0);
      await store.close();
    });

    it('[PR3] lets a lease run out unless it is renewed', async () => {
      const { store, pass } = await open();
      await store.renew([lease('ann', '1'), lease('bob', '2')], 1_000);
      await pass(700);
      await store.renew([lease('bob', '2')], 1_000);
      await pass(700);
      expect([...(await store.online('acme', ['ann', 'bob']))]).toEqual(['bob']);
      await store.close();
    });

    it('[PR4] keeps tenants apart, whatever the ids hold', async () => {
      const { store } = await open();
      await store.renew([lease('b:ann', '1', 'a')], 60_000);
      expect((await store.online('globex', ['ann', 'b:ann'])).size).toBe(0);
      expect((await store.online('a', ['ann'])).size).toBe(0);
      await store.close();
    });

    it('[PR5] releasing what is not held does nothing', async () => {
      const { store } = await open();
      await store.release(lease('ann', '1'));
      expect((await store.online('acme', ['ann'])).size).toBe(0);
      await store.close();
    });
  });
}
