import { renewEpoch } from '../backup/renew-epoch.ts';
import { openSession } from '../db/postgres/connect.ts';
import type { Call, Command } from './command.ts';
import { openInstallation } from './open-installation.ts';

export const epoch: Command = {
  usage: '',
  summary: 'tell clients that the database went back to an older point',
  help: `
Run it once after the database was restored by other means than \`parley restore\`: from a dump, a
snapshot of the disk, or archived WAL. Numbers that clients have seen are given out again then; under a
new epoch they drop what they know and read everything anew. The server may run.
`,
  unfinished: 'Run it again.',
  options: {},
  words: 0,
  run: runEpoch,
};

async function runEpoch({ config, say, signal }: Call): Promise<void> {
  await using installation = await openInstallation(config, say);
  const session = await openSession(installation.address, signal);
  try {
    const { before, now } = await renewEpoch(session);
    say(`The epoch was ${before} and is now ${now}.`);
  } finally {
    await session.end();
  }
}
