import type { Installed } from '../kit/installation.ts';
import type { Run } from '../kit/run.ts';
import { open } from './acts.ts';

const lifeMs = 3_000;
const socketsEach = 20;

/** A token that runs out closes its socket; answers how much later than it says. */
export async function checkExpiry(run: Run, server: Installed, count: number): Promise<number[]> {
  const tenant = await server.tenant();
  const now = Date.now() / 1000;
  const expires = performance.now() + lifeMs;
  const sockets = await Promise.all(
    Array.from({ length: count }, (_, n) => {
      // One person has so many sockets and no more.
      const person = `p${Math.floor(n / socketsEach)}`;
      return open(server, tenant.token(person, { iat: now, exp: now + lifeMs / 1000 }));
    }),
  );
  return Promise.all(
    sockets.map(async (socket) => {
      const { code } = await socket.closed;
      run.expect(code === 4001, `an expired token: closed with ${code}`);
      return Math.max(0, performance.now() - expires);
    }),
  );
}
