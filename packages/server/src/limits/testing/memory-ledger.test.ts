import { ledgerContract } from '../ledger.contract.ts';
import { MemoryLedger } from './memory-ledger.ts';

ledgerContract('memory', async () => {
  const ledger = new MemoryLedger();
  return { nodes: [ledger, ledger], close: async () => {} };
});
