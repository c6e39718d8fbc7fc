import { resolve } from 'node:path';
import { importTenant } from '../backup/import-tenant.ts';
import { checkBackup } from '../backup/read-backup.ts';
import { refuseInstallation, restoreBackup } from '../backup/restore-backup.ts';
import { settleKeys } from './carried-keys.ts';
import { type Call, type Command, UsageError } from './command.ts';
import { openAlone, openInstallation } from './open-installation.ts';

export const restore: Command = {
  usage: '<backup> [--replace]',
  summary: 'put a backup into an empty installation; stop the server first',
  help: `
Checks every byte of the backup, then loads it in one transaction: if anything is wrong, or this is
ended in the middle, the database stays as it was. Clients see that it is another history (the epoch is
renewed) and read everything anew. Backups of older versions are brought up to this one.

A backup of one tenant (\`parley backup --tenant\`) is added to the installation that is there, also
while its server runs; a tenant of that id must not be there yet.

  --replace  drop what the database holds
`,
  unfinished: 'It is all or nothing: the database is as it was. Run it again.',
  options: { replace: { type: 'boolean' } },
  words: 1,
  run: runRestore,
};

async function runRestore(call: Call): Promise<void> {
  const { config, say, progress, signal } = call;
  const [word = ''] = call.words;
  const replace = call.options['replace'] === true;
  const backup = await checkBackup(resolve(call.folder, word), progress);
  const { manifest } = backup;
  const total = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
  if (manifest.kind === 'tenant') {
    if (replace)
      throw new UsageError('A tenant cannot be replaced: --replace is for installations.');
    await using installation = await openInstallation(config, say);
    await importTenant(installation.address, backup, { progress, signal });
    say(`Added the tenant "${manifest.tenant}" as of ${manifest.created_at}: ${total} rows.`);
    return;
  }
  await using installation = await openAlone(config, 'room', say);
  // Before keys are put beside what is there.
  if (!replace) await refuseInstallation(installation.address);
  await settleKeys(config, installation.folder, backup);
  const { epoch } = await restoreBackup(installation.address, backup, {
    replace,
    progress,
    signal,
  });
  say(`Restored ${total} rows as of ${manifest.created_at}; the epoch is now ${epoch}.`);
}
