import { MemoryPresenceStore } from './memory.ts';
import { presenceStoreContract } from './store.contract.ts';

presenceStoreContract('memory', async () => {
  let now = 0;
  return {
    store: new MemoryPresenceStore(() => now),
    pass: async (ms) => {
      now += ms;
    },
  };
});
