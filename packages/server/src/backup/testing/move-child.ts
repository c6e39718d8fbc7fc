// Moves an installation in a process that a test can kill, and says what it loads.
import { z } from 'zod';
import { moveInstallation } from '../move-installation.ts';

const socket = z.object({
  kind: z.literal('socket'),
  folder: z.string(),
  user: z.string(),
  database: z.string(),
});
const job = z.object({ from: socket, to: socket, rowsPerStep: z.number() });

const { from, to, rowsPerStep } = job.parse(JSON.parse(process.argv[2] ?? ''));
await moveInstallation(from, to, {
  rowsPerStep,
  progress: ({ doing, table }) => {
    if (doing === 'Loading') process.send?.(table);
  },
});
process.disconnect?.();
