import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { OperatorError } from '../operator-error.ts';
import { sealName } from './backup-file.ts';
import {
  checkAbout,
  type KeyName,
  type Manifest,
  parseManifest,
  type TableInBackup,
} from './manifest.ts';
import type { Progress } from './progress.ts';
import { blockBytes, parseTarHead, tarEnd } from './tar.ts';
import { partName } from './write-backup.ts';

const unpack = promisify(gunzip);

/** No entry of ours is larger, packed or not: what is would only fill the memory. */
const largestEntryBytes = 64 * 1024 * 1024;

/** A backup whose every byte is as it was written. */
export interface Backup {
  readonly path: string;
  readonly manifest: Manifest;
  readonly keys: ReadonlyMap<KeyName, string>;
}

interface Entry {
  readonly name: string;
  readonly content: Buffer;
}

/**
 * Reads a backup from end to end, and answers what it holds.
 *
 * Throws when a single byte of it is missing, added or changed.
 */
export async function checkBackup(path: string, progress: Progress = () => {}): Promise<Backup> {
  const hash = createHash('sha256');
  let bytes = 0;
  const hear = (block: Buffer) => {
    hash.update(block);
    bytes += block.length;
    progress({ doing: 'Checking', bytes });
  };
  const keys = new Map<KeyName, string>();
  let manifest: Manifest | undefined;
  let isSealed = false;
  let seal = '';
  let first = true;
  for await (const { name, content } of readEntries(path, hear, () => {
    seal = hash.copy().digest('hex');
  })) {
    if (first && !checkAbout(content)) throw damaged(path);
    first = false;
    if (name === 'keys/secret-key') keys.set('secret-key', content.toString('utf8'));
    if (name === 'keys/operator-key') keys.set('operator-key', content.toString('utf8'));
    if (name === 'manifest.json') manifest = parseManifest(content);
    isSealed = name === sealName && content.toString('utf8') === `${seal}\n`;
  }
  if (manifest === undefined || !isSealed) throw damaged(path);
  return { path, manifest, keys };
}

/** Yields the rows of every table of a checked backup, in its order, as text of `copy`. */
export async function* readTables({ path, manifest }: Backup): AsyncGenerator<{
  readonly table: TableInBackup;
  readonly rows: AsyncGenerator<Buffer>;
}> {
  const entries = readEntries(path);
  try {
    for (const table of manifest.tables) yield { table, rows: readRows(path, table, entries) };
  } finally {
    await entries.return();
  }
}

async function* readRows(
  path: string,
  { name, parts, sha256 }: TableInBackup,
  entries: AsyncGenerator<Entry, void>,
): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for (let part = 1; part <= parts; part += 1) {
    const { content } = await entryNamed(path, entries, partName(name, part));
    const text = await unpack(content, { maxOutputLength: largestEntryBytes });
    hash.update(text);
    yield text;
  }
  // It was checked before; this is about what happened to it since, and about ourselves.
  if (hash.digest('hex') !== sha256) throw damaged(path);
}

async function entryNamed(
  path: string,
  entries: AsyncGenerator<Entry, void>,
  name: string,
): Promise<Entry> {
  for (;;) {
    const { done, value } = await entries.next();
    if (done) throw damaged(path);
    if (value.name === name) return value;
  }
}

/** `beforeEntry` is called when all before an entry has been heard, and nothing of it. */
async function* readEntries(
  path: string,
  hear: (block: Buffer) => void = () => {},
  beforeEntry: () => void = () => {},
): AsyncGenerator<Entry, void> {
  const file = await openBackup(path);
  try {
    for (;;) {
      const head = await read(file, path, blockBytes);
      if (head.equals(tarEnd.subarray(blockBytes))) {
        await readEnd(file, path);
        return;
      }
      beforeEntry();
      hear(head);
      const { name, size } = headOf(path, head);
      const filled = await read(file, path, Math.ceil(size / blockBytes) * blockBytes);
      hear(filled);
      if (filled.subarray(size).some((byte) => byte !== 0)) throw damaged(path);
      yield { name, content: filled.subarray(0, size) };
    }
  } finally {
    await file.close();
  }
}

async function openBackup(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    throw cannotRead(path, cause);
  }
}

function cannotRead(path: string, cause: unknown): OperatorError {
  const why = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  return new OperatorError(`The backup ${path} cannot be read (${why}).`, cause);
}

function headOf(path: string, block: Buffer): { name: string; size: number } {
  const head = parseTarHead(block);
  if (head === undefined || head.size > largestEntryBytes) throw damaged(path);
  return head;
}

/** The second half of the end, and nothing after it. */
async function readEnd(file: FileHandle, path: string): Promise<void> {
  const rest = await read(file, path, blockBytes);
  const { bytesRead } = await file.read(Buffer.alloc(1), 0, 1);
  if (bytesRead > 0 || rest.some((byte) => byte !== 0)) throw damaged(path);
}

async function read(file: FileHandle, path: string, length: number): Promise<Buffer> {
  const block = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file
      .read(block, filled, length - filled)
      .catch((cause: unknown) => {
        throw cannotRead(path, cause);
      });
    if (bytesRead === 0) throw damaged(path);
    filled += bytesRead;
  }
  return block;
}

function damaged(path: string): OperatorError {
  return new OperatorError(
    `${path} is damaged, cut short, or no backup of Parley. Nothing was changed. Use another backup.`,
  );
}
