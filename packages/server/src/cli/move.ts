import { join } from 'node:path';
import { moveInstallation } from '../backup/move-installation.ts';
import type { Config } from '../config/config.ts';
import { parseDatabaseUrl } from '../config/config-values.ts';
import { BadValue } from '../config/environment.ts';
import { type DatabaseAddress, describeAddress } from '../db/address.ts';
import { findKeySource, readKeyFiles } from './carried-keys.ts';
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
  unfinished: 'Run it again: it goes on where it was.',
  options: { to: { type: 'string' } },
  words: 0,
  run: runMove,
};

async function runMove(call: Call): Promise<void> {
  const { config, say, progress, signal } = call;
  const to: DatabaseAddress = { kind: 'url', url: parseTo(call.options['to']) };
  await using source = await openAlone(config, 'installation', say);
  const lock = await lockOut(to);
  try {
    const { rows, found } = await moveInstallation(source.address, to, { progress, signal });
    const before = found === 0 ? '' : ` (${found} of them were there from before)`;
    say(`Moved ${rows} rows into ${describeAddress(to)}${before}, and compared them.`);
  } finally {
    await lock.close();
  }
  say('Now start the server with:');
  say('  DATABASE_URL         as you gave it here');
  for (const line of await keysToSet(config, source.folder)) say(`  ${line}`);
  say(
    'Keep those files, and start no server on the old database: what is written there stays there.',
  );
}

/** The variables by which the server finds the same keys there. */
async function keysToSet(config: Config, folder: string | undefined): Promise<readonly string[]> {
  const asNow = (name: string) => `${name.padEnd(20)} as it is now`;
  const { where } = await findKeySource(config, folder);
  const files = await readKeyFiles(folder);
  const secretFile = [...files.keys()].find((name) => join(folder ?? '', name) === where);
  const secret = secretFile === undefined ? asNow(where) : `PARLEY_SECRET_KEY_FILE=${where}`;
  const operator =
    config.operatorKey !== undefined
      ? asNow('PARLEY_OPERATOR_KEY')
      : folder !== undefined && files.has('operator-key')
        ? `PARLEY_OPERATOR_KEY_FILE=${join(folder, 'operator-key')}`
        : asNow('PARLEY_OPERATOR_KEY');
  return [...new Set([secret, operator])];
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
