import { access, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { KeyName } from '../backup/manifest.ts';
import { writeBackup } from '../backup/write-backup.ts';
import { openSession } from '../db/postgres/connect.ts';
import { OperatorError } from '../operator-error.ts';
import { findKeySource, opens, readKeyFiles } from './carried-keys.ts';
import type { Call, Command } from './command.ts';
import { openInstallation } from './open-installation.ts';

export const backup: Command = {
  usage: '<file or folder> [--tenant <id>] [--force]',
  summary: 'write everything, as it is now, into a file; the server may run',
  help: `
Writes one file with all rows as they are at one moment, and the key files of the data folder. A folder
gets a file named by the time. The file appears once it is whole and on the disk, with mode 0600: it
holds everything that people wrote, and the keys. Keep it as you keep those.

  --tenant <id>  only this tenant; \`parley restore\` adds it to another installation
  --force        replace a file of that name
`,
  unfinished: 'No backup was written.',
  options: { tenant: { type: 'string' }, force: { type: 'boolean' } },
  words: 1,
  run: runBackup,
};

async function runBackup(call: Call): Promise<void> {
  const { config, say, progress, signal, version } = call;
  const [word = ''] = call.words;
  const { tenant } = call.options;
  const target = await targetOf(resolve(call.folder, word), call.options['force'] === true);
  await using installation = await openInstallation(config, say);
  const session = await openSession(installation.address, signal);
  try {
    const { rows } = await session.query<{ key_fingerprint: Buffer | null }>(
      'select key_fingerprint from installation',
    );
    const fingerprint = rows[0]?.key_fingerprint ?? null;
    // One tenant may go to somebody else's installation; its keys stay sealed and the others at home.
    const keys =
      typeof tenant === 'string' ? new Map() : await keysToCarry(installation.folder, fingerprint);
    const manifest = await writeBackup(session, {
      target,
      serverVersion: version,
      keys,
      progress,
      ...(typeof tenant === 'string' ? { tenant } : {}),
    });
    const total = manifest.tables.reduce((sum, { rows }) => sum + rows, 0);
    const { size } = await stat(target);
    say(`${target}: ${total} rows as of ${manifest.created_at}, ${(size / 1e6).toFixed(1)} MB.`);
    if (fingerprint === null || [...keys.keys()].length > 0) return;
    const source = await findKeySource(config, installation.folder);
    say(
      `The key of the signing secrets is not in it. Keep it elsewhere${
        source.key === undefined ? '' : ` (${source.where})`
      }: without it nobody can sign in after a restore.`,
    );
  } finally {
    await session.end().catch(() => {});
  }
}

/** The key files beside an installation, if one of them is the key of its secrets. */
async function keysToCarry(
  folder: string | undefined,
  fingerprint: Buffer | null,
): Promise<Map<KeyName, string>> {
  return fingerprint === null ? new Map() : readOpening(folder, fingerprint);
}

async function readOpening(
  folder: string | undefined,
  fingerprint: Buffer,
): Promise<Map<KeyName, string>> {
  const files = await readKeyFiles(folder);
  const isTheirs = [...files.values()].some((key) => opens(key, fingerprint));
  return new Map(isTheirs ? [...files].map(([name, key]) => [name, `${key.reveal()}\n`]) : []);
}

async function targetOf(path: string, force: boolean): Promise<string> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory() === true) {
    const time = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    return targetOf(join(path, `parley-${time}Z.backup`), force);
  }
  if (found !== undefined && !found.isFile()) {
    throw new OperatorError(`${path} is no file. Choose another name.`);
  }
  if (found !== undefined && !force) {
    throw new OperatorError(`${path} is there already. Choose another name, or add --force.`);
  }
  await access(dirname(path)).catch((cause: unknown) => {
    throw new OperatorError(`There is no folder ${dirname(path)}. Make it first.`, cause);
  });
  return path;
}
