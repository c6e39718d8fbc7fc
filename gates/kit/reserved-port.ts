import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Ports that are given to nobody by chance: the system's own begin above. */
const lowest = 12_000;
const highest = 31_999;

/**
 * A free port that a process may leave and take again.
 *
 * A port that the system chose may become the near end of somebody's connection meanwhile.
 */
export async function reservedPort(): Promise<number> {
  for (let left = 200; left > 0; left--) {
    const port = randomInt(lowest, highest + 1);
    if (await isFree(port)) return port;
  }
  throw new Error(`no free port from ${lowest} to ${highest}`);
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const listens = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => resolve(true));
  });
  if (!listens) return false;
  server.close();
  await once(server, 'close');
  return true;
}
