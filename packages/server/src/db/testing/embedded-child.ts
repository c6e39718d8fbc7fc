// A server of its own process for the tests of the embedded PostgreSQL: it only starts it, tells the
// address to its parent, and stops when told to.
import { chdir } from 'node:process';
import type { DatabaseAddress } from '../address.ts';
import { startEmbedded } from '../embedded/start-embedded.ts';

/** What the child says, once. */
export type ChildReport =
  | { readonly state: 'up'; readonly address: DatabaseAddress }
  | { readonly state: 'failed'; readonly message: string };

const [dataDir = '', settings = '{}', uid = ''] = process.argv.slice(2);

if (uid !== '') {
  // All modules are loaded: from here on only what that user may see is needed.
  chdir('/');
  process.setgroups?.([]);
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
}

// Ctrl-C reaches this process as well as its parent, which says when to stop, if only by ending.
process.on('SIGINT', () => {});

try {
  const postgres = await startEmbedded({
    dataDir,
    settings: JSON.parse(settings),
    lockWaitMs: 600,
    onLost: () => process.exit(3),
  });
  report({ state: 'up', address: postgres.address });
  const stop = () => void postgres.stop().then(() => process.exit(0));
  process.once('message', stop);
  // The test that started us is gone.
  process.once('disconnect', stop);
} catch (error) {
  report({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.disconnect();
}

function report(what: ChildReport): void {
  process.send?.(what);
}
