import { open } from 'node:fs/promises';

/** Makes what was renamed or removed in a folder last: without it a power cut may undo it. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
