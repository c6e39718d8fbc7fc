import { MemoryPresenceStore } from './memory.ts';
import { presenceStoreContract } from './store.contract.ts';

presenceStoreContract('memory', async () => new MemoryPresenceStore());
