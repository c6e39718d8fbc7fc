import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Client } from 'pg';
import { BackupFile } from './backup-file.ts';
import type { Table } from './catalogue.ts';
import { about, type KeyName, type Manifest, type TableInBackup } from './manifest.ts';
import type { Progress } from './progress.ts';
import { openSnapshot, type Snapshot } from './snapshot.ts';

const compress = promisify(gzip);

/** Rows are packed by so much of their text, whatever a table holds: that bounds memory. */
const partBytes = 2 * 1024 * 1024;

interface WriteBackup {
  /** The file to be; one of that name is replaced at the end. */
  readonly target: string;
  readonly serverVersion: string;
  /** Only this tenant. */
  readonly tenant?: string;
  /** Key files of the data folder, to be carried along. */
  readonly keys?: ReadonlyMap<KeyName, string>;
  /** The migrations of this version. */
  readonly folder?: string;
  readonly progress?: Progress;
}

/**
 * Writes everything, as it is at one moment, into a file; the server may go on meanwhile.
 *
 * The file is a tar of gzipped texts of `copy`, a manifest, and a checksum of all of it. It has its
 * name only once it is whole and on the disk. Uses the session up.
 */
export async function writeBackup(session: Client, options: WriteBackup): Promise<Manifest> {
  const { target, serverVersion, tenant, folder, keys = new Map(), progress = () => {} } = options;
  const snapshot = await openSnapshot(session, {
    tenant,
    ...(folder === undefined ? {} : { folder }),
  });
  const file = await BackupFile.create(target);
  try {
    await file.add('parley-backup.json', json(about));
    for (const [name, text] of keys) await file.add(`keys/${name}`, Buffer.from(text));
    const tables: TableInBackup[] = [];
    for (const table of snapshot.tables) {
      tables.push(await writeTable(file, snapshot, table, progress));
    }
    const manifest: Manifest = {
      ...about,
      kind: tenant === undefined ? 'installation' : 'tenant',
      tenant: tenant ?? null,
      created_at: snapshot.takenAt.toISOString(),
      server_version: serverVersion,
      migrations: [...snapshot.migrations],
      epoch: snapshot.epoch,
      key_fingerprint: snapshot.keyFingerprint?.toString('hex') ?? null,
      keys: [...keys.keys()],
      tables,
      files: [],
    };
    await file.add('manifest.json', json(manifest));
    await file.finish();
    return manifest;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

/** The entry of a table's n-th part, counted from 1. */
export function partName(table: string, part: number): string {
  return `tables/${table}/${String(part).padStart(5, '0')}.copy.gz`;
}

async function writeTable(
  file: BackupFile,
  snapshot: Snapshot,
  table: Table,
  progress: Progress,
): Promise<TableInBackup> {
  const hash = createHash('sha256');
  let [bytes, parts, gathered] = [0, 0, 0];
  let pieces: Buffer[] = [];
  const flush = async () => {
    if (gathered === 0) return;
    parts += 1;
    await file.add(
      partName(table.name, parts),
      await compress(Buffer.concat(pieces), { level: 3 }),
    );
    [pieces, gathered] = [[], 0];
  };
  const reading = snapshot.rows(table);
  for (;;) {
    const { done, value } = await reading.next();
    if (done) {
      await flush();
      const { name, columns } = table;
      return {
        name,
        columns: [...columns],
        rows: value,
        bytes,
        sha256: hash.digest('hex'),
        parts,
      };
    }
    hash.update(value);
    bytes += value.length;
    pieces.push(value);
    gathered += value.length;
    progress({ doing: 'Reading', table: table.name, bytes });
    if (gathered >= partBytes) await flush();
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(`${JSON.stringify(value, null, 2)}\n`);
}
