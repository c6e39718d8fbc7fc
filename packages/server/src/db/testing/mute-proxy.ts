import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { DatabaseAddress } from '../address.ts';

/** A line to a database that can go dead as networks do: open, with nothing coming through. */
export interface MuteProxy extends AsyncDisposable {
  readonly address: DatabaseAddress;
  /** Nothing comes through any more; `closes`: nor does one end learn that the other has closed. */
  mute(closes?: 'closes too'): void;
  /** What is opened from now on works; what was muted stays dead. */
  heal(): void;
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
  let swallowsCloses = false;
  let turns = 0;
  let speaker: 'near' | 'far' = 'far';
  const server = createServer((near) => {
    const far = connect(join(target.folder, '.s.PGSQL.5432'));
    let dead = false;
    for (const [from, to, name] of [
      [near, far, 'near'],
      [far, near, 'far'],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes) => {
        if (name === 'near' && speaker === 'far') turns += 1;
        speaker = name;
        dead ||= muted;
        if (!dead) to.write(name === 'near' ? rewrite(bytes) : bytes);
      });
      from.on('error', () => {});
      from.on('close', () => {
        if (!swallowsCloses) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const port = server.address();
  if (port === null || typeof port === 'string') throw new Error('No port.');
  const url = `postgres://${target.user}@127.0.0.1:${port.port}/${target.database}`;
  return {
    address: { kind: 'url', url },
    mute: (closes) => {
      muted = true;
      swallowsCloses = closes !== undefined;
    },
    heal: () => {
      muted = false;
    },
    turns: () => turns,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
