import { describe, expect, it } from 'vitest';
import type { PresenceStore } from './store.ts';

/** What every presence store must do for a node, whatever keeps it; `open` gives one that is empty. */
export function presenceStoreContract(name: string, open: () => Promise<PresenceStore>): void {
  const person = (user: string, tenant = 'acme') => ({ tenant, user });

  async function online(store: PresenceStore, users: readonly string[], tenant = 'acme') {
    const standings = await store.look(tenant, users);
    expect([...standings.keys()].sort()).toEqual([...users].sort());
    return users.filter((user) => standings.get(user)?.online === true);
  }

  describe(`presence store: ${name}`, () => {
    it('[PR1] tells who has a living connection, of those asked for', async () => {
      const store = await open();
      await Promise.all([store.hold(person('ann')), store.hold(person('bob'))]);
      expect(await online(store, ['ann', 'cy'])).toEqual(['ann']);
      expect(await online(store, [])).toEqual([]);
      await store.close();
    });

    it('[PR2] keeps a person online until this node releases them', async () => {
      const store = await open();
      expect(await store.hold(person('ann'))).toMatchObject({ elsewhere: false });
      await store.hold(person('ann'));
      expect(await online(store, ['ann'])).toEqual(['ann']);
      expect(await store.release(person('ann'))).toMatchObject({ elsewhere: false });
      expect(await online(store, ['ann'])).toEqual([]);
      await store.close();
    });

    it('[PR4] keeps tenants apart, whatever the ids hold', async () => {
      const store = await open();
      await store.hold(person('b:ann', 'a'));
      await store.hold(person('}{\n"ü😀', 'a'));
      expect(await online(store, ['ann', 'b:ann'], 'globex')).toEqual([]);
      expect(await online(store, ['ann'], 'a')).toEqual([]);
      expect(await online(store, ['b:ann', '}{\n"ü😀'], 'a')).toEqual(['b:ann', '}{\n"ü😀']);
      await store.close();
    });

    it('[PR5] releasing whom it does not have does nothing', async () => {
      const store = await open();
      await store.release(person('ann'));
      expect(await online(store, ['ann'])).toEqual([]);
      await store.close();
    });

    it('[PR6] gives every change of a person a higher turn, and never a lower one to a look', async () => {
      const store = await open();
      const turns: number[] = [];
      const look = async () => (await store.look('acme', ['ann'])).get('ann')?.turn ?? -1;
      for (let times = 0; times < 5; times++) {
        const came = await store.hold(person('ann'));
        const seen = await look();
        const went = await store.release(person('ann'));
        expect(seen).toBeGreaterThanOrEqual(came.turn);
        expect(went.turn).toBeGreaterThan(seen);
        turns.push(came.turn, went.turn);
      }
      expect(turns).toEqual([...new Set(turns)].sort((a, b) => a - b));
      await store.close();
    });

    it('[PR7] takes who comes and goes in one moment in that order', async () => {
      const store = await open();
      const wishes = [
        store.hold(person('ann')),
        store.release(person('ann')),
        store.hold(person('ann')),
        store.hold(person('bob')),
        store.release(person('bob')),
      ];
      await Promise.all(wishes);
      expect(await online(store, ['ann', 'bob'])).toEqual(['ann']);
      await store.close();
    });

    it('[PR8] takes thousands at once', async () => {
      const store = await open();
      const users = Array.from({ length: 20_000 }, (_, i) => `person ${i}`);
      await Promise.all(users.map((user) => store.hold(person(user))));
      expect(await online(store, users)).toHaveLength(users.length);
      await Promise.all(users.slice(1).map((user) => store.release(person(user))));
      expect(await online(store, users)).toEqual(['person 0']);
      await store.close();
    });
  });
}
