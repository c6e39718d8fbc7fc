import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { DatabaseAddress } from '../address.ts';

/** A line to a database that can go dead as networks do: open, with nothing coming through. */
export interface MuteProxy extends AsyncDisposable {
  readonly address: DatabaseAddress;
  mute(): void;
  /** How often the server was spoken to after it had spoken, or for the first time. */
  turns(): number;
}

/** `rewrite` changes what goes to the server, as a pooler between might. */
export async function openMuteProxy(
  target: DatabaseAddress,
  rewrite: (bytes: Buffer) => Buffer = (bytes) => bytes,
): Promise<MuteProxy> {
  if (target.kind !== 'socket') throw new Error('Not a test database.');
  const sockets = new Set<Socket>();
  let muted = false;
  let turns = 0;
  let speaker: 'near' | 'far' = 'far';
  const server = createServer((near) => {
    const far = connect(join(target.folder, '.s.PGSQL.5432'));
    for (const [from, to, name] of [
      [near, far, 'near'],
      [far, near, 'far'],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (name === 'near' && speaker === 'far') turns += 1;
        speaker = name;
        if (!muted) to.write(name === 'near' ? rewrite(bytes) : bytes);
      });
      from.on('error', () => {});
      from.on('close', () => to.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = server.address();
  if (port === null || typeof port === 'string') throw new Error('No port.');
  const url = `postgres://${target.user}@127.0.0.1:${port.port}/${target.database}`;
  return {
    address: { kind: 'url', url },
    mute: () => {
      muted = true;
    },
    turns: () => turns,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
