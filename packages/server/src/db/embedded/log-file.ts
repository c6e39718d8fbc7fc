import { copyFile, stat, truncate } from 'node:fs/promises';

const largestLog = 8 * 1024 * 1024;

/**
 * Keeps the log from growing without end: moves what it holds to `<log>.1` when it is large.
 *
 * PostgreSQL keeps the file open and appends, so it is emptied in place.
 */
export async function trimLog(log: string, largest = largestLog): Promise<void> {
  const found = await stat(log).catch(() => undefined);
  if (found === undefined || found.size <= largest) return;
  await copyFile(log, `${log}.1`);
  await truncate(log);
}
