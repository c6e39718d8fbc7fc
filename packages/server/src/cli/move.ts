import { join } from 'node:path';
import { moveInstallation } from '../backup/move-installation.ts';
import { parseDatabaseUrl } from '../config/config-values.ts';
import { BadValue } from '../config/environment.ts';
import { type DatabaseAddress, describeAddress } from '../db/address.ts';
import { findKeySource } from './carried-keys.ts';
import { type Call, type Command, UsageError } from './command.ts';
import { lockOut, openAlone } from './open-installation.ts';

export const move: Command = {
  usage: '--to <DATABASE_URL>',
  summary: 'copy everything into another PostgreSQL; stop the server first',
  help: `
From the embedded database, or from the one in DATABASE_URL, to an empty one. Everything is compared at
the end, row by row. If it is interrupted, run it again: it goes on where it was. The source stays as it
is. Servers are kept out of both until it is done.

  --to <url>  postgres://user:password@host:5432/database
`,
  options: { to: { type: 'string' } },
  words: 0,
  run: runMove,
};

async function runMove(call: Call): Promise<void> {
  const { config, say, progress } = call;
  const to: DatabaseAddress = { kind: 'url', url: parseTo(call.options['to']) };
  await using source = await openAlone(config, say);
  const lock = await lockOut(to);
  try {
    const { rows, found } = await moveInstallation(source.address, to, { progress });
    const before = found === 0 ? '' : ` (${found} of them were there from before)`;
    say(`Moved ${rows} rows into ${describeAddress(to)}${before}, and compared them.`);
  } finally {
    await lock.close();
  }
  const { key, where } = await findKeySource(config, source.folder);
  say('Now start the server with:');
  say('  DATABASE_URL         as you gave it here');
  if (key !== undefined && source.folder !== undefined && where.startsWith(source.folder)) {
    say(`  PARLEY_SECRET_KEY_FILE=${where}`);
    say(`  PARLEY_OPERATOR_KEY_FILE=${join(source.folder, 'operator-key')}`);
  } else {
    say(`  ${where.padEnd(20)} as it is now`);
  }
  say(
    'Keep those files, and start no server on the old database: what is written there stays there.',
  );
}

function parseTo(text: string | boolean | undefined): string {
  if (typeof text !== 'string') throw new UsageError('--to is missing.');
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    if (error instanceof BadValue) throw new UsageError(`--to ${error.message}`);
    throw error;
  }
}
