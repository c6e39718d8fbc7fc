// Restores in a process that a test can kill, and says how far it is.
import { z } from 'zod';
import { checkBackup } from '../read-backup.ts';
import { restoreBackup } from '../restore-backup.ts';

const job = z.object({
  file: z.string(),
  to: z.object({
    kind: z.literal('socket'),
    folder: z.string(),
    user: z.string(),
    database: z.string(),
  }),
});

const { file, to } = job.parse(JSON.parse(process.argv[2] ?? ''));
await restoreBackup(to, await checkBackup(file), {
  replace: true,
  progress: ({ doing, table }) => {
    process.send?.([doing, table].filter((word) => word !== undefined).join(' '));
  },
});
process.disconnect?.();
